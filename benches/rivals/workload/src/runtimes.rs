//! Parallel and asynchronous programs: a rayon pipeline and a tokio echo server.

use crate::text;
use crate::{Done, Point, Run};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::hint::black_box;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const POINTS: &[Point] = &[("rayon", rayon), ("tokio", tokio)];

/// Keys made, filtered, sorted and grouped by all threads. An operation is a key.
fn rayon(run: &Run) -> Done {
    const KEYS: usize = 50_000;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(run.threads).build().expect("threads start");
    let rounds = run.scaled(15);
    for _ in 0..rounds {
        let groups = pool.install(|| {
            let mut keys: Vec<String> =
                (0..KEYS).into_par_iter().map(text::key).filter(|key| !key.ends_with('7')).collect();
            keys.par_sort_unstable();
            let groups = keys.par_iter().fold(BTreeMap::<String, Vec<String>>::new, |mut groups, key| {
                let (word, number) = key.split_once('/').unwrap_or_default();
                groups.entry(word.to_owned()).or_default().push(number.to_owned());
                groups
            });
            groups.map(|groups| groups.len()).sum::<usize>()
        });
        black_box(groups);
    }
    Done::from(rounds * KEYS)
}

/// Messages echoed over loopback, a fresh buffer for each, on connections served by tasks. An operation is a message.
fn tokio(run: &Run) -> Done {
    const CONNECTIONS: usize = 16;
    let messages = run.scaled(1000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(run.threads)
        .enable_io()
        .build()
        .expect("threads start");
    let finished: std::io::Result<()> = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(echo(stream));
            }
        });
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|client| {
                tokio::spawn(async move { ask(TcpStream::connect(address).await?, client, messages).await })
            })
            .collect();
        for client in clients {
            client.await.map_err(std::io::Error::other)??;
        }
        Ok(())
    });
    finished.expect("loopback works");
    Done::from(messages * CONNECTIONS)
}

/// Sends back what comes: a length, then so many bytes.
async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    loop {
        let length = stream.read_u32().await?;
        let mut message = vec![0; length as usize];
        stream.read_exact(&mut message).await?;
        let mut answer = Vec::with_capacity(message.len() + 4);
        answer.extend(length.to_be_bytes());
        answer.extend(message);
        stream.write_all(&answer).await?;
    }
}

async fn ask(mut stream: TcpStream, client: usize, messages: usize) -> std::io::Result<()> {
    for at in 0..messages {
        let body = text::key(client * messages + at).repeat(1 + at % 40);
        let mut question = (body.len() as u32).to_be_bytes().to_vec();
        question.extend(body.as_bytes());
        stream.write_all(&question).await?;
        let length = stream.read_u32().await?;
        let mut answer = vec![0; length as usize];
        stream.read_exact(&mut answer).await?;
        assert_eq!(answer, body.as_bytes(), "an echo says the same");
    }
    Ok(())
}
