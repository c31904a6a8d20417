//! A tie leads to a field of the same struct that is loaded itself.

use stratal::{Params, Shape, Tensor, Tied};

type Table = Tensor<f32, Shape![3, 4]>;

#[derive(Params)]
struct ToNothing {
    embed: Table,
    #[param(tied = embd)]
    //             ^^^^ `head` is tied to `embd`, which is not a field; did you mean `embed`?
    head: Tied<Table>,
    #[param(tied = elsewhere)]
    //             ^^^^^^^^^ `other` is tied to `elsewhere`, which is not a field
    other: Tied<Table>,
    #[param(tied = itself)]
    //             ^^^^^^ `itself` is tied to itself
    itself: Tied<Table>,
    #[param(tied = cache)]
    //             ^^^^^ `cached` is tied to `cache`, which is not loaded
    cached: Tied<Table>,
    #[param(skip)]
    cache: Vec<f32>,
}

#[derive(Params)]
struct InACircle {
    #[param(tied = second)]
    //             ^^^^^^ `first` and `second` are tied to each other, so neither is loaded
    first: Tied<Table>,
    #[param(tied = first)]
    //             ^^^^^ `second` and `first` are tied to each other, so neither is loaded
    second: Tied<Table>,
}

#[derive(Params)]
struct InALargerCircle {
    #[param(tied = b)]
    //             ^ `a` is tied to `b`, which is tied itself; tie it to `c`
    a: Tied<Table>,
    #[param(tied = c)]
    //             ^ `b` is tied to `c`, which is tied itself; tie it to `a`
    b: Tied<Table>,
    #[param(tied = a)]
    //             ^ `c` is tied to `a`, which is tied itself; tie it to `b`
    c: Tied<Table>,
}

#[derive(Params)]
struct InAChain {
    embed: Table,
    #[param(tied = embed)]
    head: Tied<Table>,
    #[param(tied = head)]
    //             ^^^^ `tail` is tied to `head`, which is tied itself; tie it to `embed`
    tail: Tied<Table>,
}

#[derive(Params)]
enum InAVariant {
    Small {
        embed: Table,
    },
    Large {
        #[param(tied = embed)]
        //             ^^^^^ `head` is tied to `embed`, which is not a field
        head: Tied<Table>,
    },
}
