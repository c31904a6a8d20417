//! The options of `#[derive(Params)]`: what each asks of a source, and what is said when the source has it not.

use std::collections::{BTreeMap, HashMap};
use std::error::Error as _;
use stratal::{
    Alignment, AnyTensor, C, DType, Dim, Dyn, Engine, ErrorKind, Heap, LoadError, MemorySource, Params,
    Policy, Shape, Tensor, Tied, TierKind,
};

type Row = Tensor<f32, Shape![4]>;

#[derive(Params)]
struct Linear<I: Dim, O: Dim> {
    weight: Tensor<f32, Shape![O, I]>,
    bias: Option<Tensor<f32, Shape![O]>>,
}

fn source(tensors: &[(&str, &[usize])]) -> MemorySource {
    let zeros = |shape| AnyTensor::zeros(DType::F32, shape, Alignment::Simd).expect("small tensors fit");
    tensors.iter().map(|(name, shape)| (*name, zeros(shape))).collect()
}

fn report<P: Params>(source: &MemorySource) -> LoadError {
    let error = P::load(&Heap, source).err().expect("the source differs");
    assert_eq!(error.kind(), ErrorKind::Params);
    let report = error.source().and_then(|source| source.downcast_ref::<LoadError>());
    report.expect("the report is the source of the error").clone()
}

fn names(params: &impl Params) -> Vec<String> {
    params.params().iter().map(|param| param.name().to_owned()).collect()
}

#[derive(Params)]
#[params(prefix = "net", rename_all = "camelCase")]
struct Renamed {
    up_proj: Row,
    #[param(name = "down.proj_0")]
    down: Row,
    r#type: Row,
}

/// `rename_all` changes the names of fields, and not those that are given.
#[test]
fn names_follow_the_case() {
    let source = source(&[("net.upProj", &[4]), ("net.down.proj_0", &[4]), ("net.type", &[4])]);
    let model = Renamed::load(&Heap, &source).unwrap();
    assert_eq!((model.up_proj.name(), model.r#type.name()), ("net.upProj", "net.type"));
    assert_eq!(names(&model), ["net.upProj", "net.down.proj_0", "net.type"]);
}

#[derive(Params)]
struct Elements<const N: usize> {
    #[param(each = "h{i}.block")]
    blocks: Vec<Linear<C<2>, C<3>>>,
    #[param(each = "norm.{i}", len = N)]
    norms: Vec<Row>,
    #[param(each = "extra.{i}", optional)]
    extra: Vec<Row>,
    #[param(each = "pair_{i}")]
    pair: [Row; 2],
}

/// Elements have their number where the pattern has `{i}`, and are as many as are there or as `len` says.
#[test]
fn elements_are_counted() {
    let tensors: [(&str, &[usize]); 6] = [
        ("h0.block.weight", &[3, 2]),
        ("h1.block.weight", &[3, 2]),
        ("norm.0", &[4]),
        ("norm.1", &[4]),
        ("pair_0", &[4]),
        ("pair_1", &[4]),
    ];
    let model = Elements::<2>::load(&Heap, &source(&tensors)).unwrap();
    assert_eq!((model.blocks.len(), model.norms.len(), model.extra.len()), (2, 2, 0));
    assert_eq!(names(&model), tensors.map(|(name, _)| name));

    let mut source = source(&tensors);
    source.insert("h3.block.weight", AnyTensor::zeros(DType::F32, &[3, 2], Alignment::Simd).unwrap());
    let lines = "2 problems with memory
missing (2):
  h2.block: expected because `h3.block` is there
  norm.2: f32 [4]";
    assert_eq!(report::<Elements<3>>(&source).to_string(), lines);
    assert_eq!(report::<Elements<1>>(&source).unused(), ["norm.1"]);
}

#[derive(Params)]
struct Experts {
    experts: HashMap<String, Linear<Dyn, Dyn>>,
    #[param(optional)]
    adapters: BTreeMap<String, Row>,
}

/// A map has an entry for every part that follows its name, walked in order.
#[test]
fn maps_have_the_names_that_are_there() {
    let source =
        source(&[("experts.b.weight", &[2, 3]), ("experts.a.weight", &[1, 1]), ("experts.a.bias", &[1])]);
    let model = Experts::load(&Heap, &source).unwrap();
    assert_eq!(model.experts["b"].weight.shape(), [2, 3]);
    assert!(model.adapters.is_empty());
    assert_eq!(names(&model), ["experts.a.weight", "experts.a.bias", "experts.b.weight"]);
    assert_eq!(report::<Experts>(&MemorySource::default()).missing()[0].tensor, "experts.*");
}

#[derive(Params)]
struct Tying {
    embed: Linear<C<4>, Dyn>,
    #[param(tied = embed.weight)]
    head: Tied<Tensor<f32, Shape![_, 4]>>,
    norm: Row,
    #[param(tied = norm, name = "last")]
    last_norm: Tied<Row>,
}

/// A tied field needs no tensor and has those of its target; it is walked over once.
#[test]
fn ties_share() {
    let plain = source(&[("embed.weight", &[7, 4]), ("norm", &[4])]);
    let model = Tying::load(&Heap, &plain).unwrap();
    model.embed.weight.write().unwrap().view_mut()[[6, 3]] = 2.5;
    assert_eq!(model.head.read().unwrap().view()[[6, 3]], 2.5);
    assert_eq!(names(&model), ["embed.weight", "norm"]);
    assert_eq!(model.last_norm.shape(), [4]);
}

/// A copy of a tied tensor in the source is no problem, if it could be one.
#[test]
fn copies_of_tied_tensors_must_fit() {
    let copied = source(&[("embed.weight", &[7, 4]), ("norm", &[4]), ("head", &[7, 4]), ("last", &[4])]);
    assert!(Tying::load(&Heap, &copied).is_ok());
    let uneven = source(&[("embed.weight", &[7, 4]), ("norm", &[4]), ("head", &[8, 4])]);
    let lines = "1 problem with memory
misshaped (1):
  head: F32 [8, 4] found, but it is tied to `embed.weight`, f32 [7, 4]";
    assert_eq!(report::<Tying>(&uneven).to_string(), lines.replace("F32", "f32"));
}

#[derive(Params)]
enum Mlp {
    Gated {
        gate: Box<Linear<C<4>, Dyn>>,
        up: Box<Linear<C<4>, Dyn>>,
    },
    Plain {
        up: Box<Linear<C<4>, Dyn>>,
    },
    #[params(prefix = "dense")]
    Dense {
        #[param(rename = "w")]
        weight: Row,
    },
    Whole(Tensor<f32, Shape![_, _]>),
    Off,
}

#[derive(Params)]
struct WithMlp {
    mlp: Mlp,
}

/// The variant is the one whose names are there; of several, the one that asks for more.
#[test]
fn variants_are_chosen_by_name() {
    let load = |tensors| WithMlp::load(&Heap, &source(tensors)).unwrap();
    let gated = load(&[("mlp.gate.weight", &[8, 4]), ("mlp.up.weight", &[8, 4])]);
    assert!(matches!(&gated.mlp, Mlp::Gated { gate, .. } if gate.weight.shape() == [8, 4]));
    assert_eq!(names(&gated), ["mlp.gate.weight", "mlp.up.weight"]);
    assert!(matches!(load(&[("mlp.up.weight", &[8, 4])]).mlp, Mlp::Plain { .. }));
    let dense = load(&[("mlp.dense.w", &[4])]);
    assert!(matches!(&dense.mlp, Mlp::Dense { weight } if weight.name() == "mlp.dense.w"));
    assert!(matches!(load(&[("mlp", &[2, 2])]).mlp, Mlp::Whole(_)));
    assert!(matches!(load(&[]).mlp, Mlp::Off));
}

#[derive(Params)]
enum Either {
    Left { left: Row },
    Right { right: Row },
}

/// No variant, or two that both fit, are problems that name the tensors which decide.
#[test]
fn undecided_variants_are_reported() {
    let both = report::<Vec<Either>>(&source(&[("0.left", &[4]), ("0.right", &[4])]));
    let detail = "2 variants of `Either` fit: `Left` by `0.left`; `Right` by `0.right`";
    assert_eq!((both.undecided()[0].tensor.as_str(), both.undecided()[0].detail.as_str()), ("0", detail));
    let none = report::<Vec<Either>>(&source(&[("0.lefft", &[4])]));
    let detail = "no variant of `Either` fits: `Left` lacks `0.left`; `Right` lacks `0.right`";
    assert_eq!(none.undecided()[0].detail, detail);
    // A variant whose names are there is chosen and then judged.
    let uneven = report::<Vec<Either>>(&source(&[("0.left", &[5])]));
    assert_eq!((uneven.misshaped().len(), uneven.num_problems()), (1, 1));
}

#[derive(Params)]
struct Clashing {
    a: Linear<Dyn, Dyn>,
    #[param(rename = "a.weight")]
    b: Tensor<f32, Shape![_, _]>,
}

/// Two fields that load one name are found where the macro cannot see it, in the words of the macro.
#[test]
fn one_name_is_not_loaded_twice() {
    let report = report::<Clashing>(&source(&[("a.weight", &[2, 2])]));
    let detail = "`a.weight` and `b` both load from \"a.weight\"";
    assert_eq!(report.claimed_twice()[0].detail, detail);
    assert_eq!(report.num_problems(), 1);
}

#[derive(Params)]
struct Placed {
    #[param(tier = "host")]
    layers: Vec<Row>,
    #[param(tier = "gpu0")]
    head: Row,
}

#[derive(Params)]
struct OnHost {
    #[param(tier = "host")]
    layers: Vec<Row>,
    head: Row,
}

/// A tier is honoured or refused, by name, before anything is adopted; the walk tells it of every tensor below.
#[test]
fn tiers_are_honoured_or_refused() {
    let source = source(&[("layers.0", &[4]), ("head", &[4])]);
    let refused = report::<Placed>(&source);
    assert_eq!((refused.misplaced().len(), refused.num_problems()), (1, 1));
    assert_eq!(refused.misplaced()[0].tensor, "head");
    assert!(refused.misplaced()[0].detail.contains("tier `gpu0`"), "{refused}");
    let model = OnHost::load(&Heap, &source).unwrap();
    let tiers: Vec<_> = model.params().iter().map(stratal::Param::tier).collect();
    assert_eq!(tiers, [Some("host"), None]);
}

/// The engine takes the tier by its name in the policy, and says which there are.
#[test]
fn the_engine_knows_its_tiers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    let rows = OnHost { layers: vec![Row::full([4], 1.0).unwrap()], head: Row::full([4], 2.0).unwrap() };
    stratal::Checkpoint::save(&path, &rows, &[]).unwrap();
    let checkpoint = stratal::Checkpoint::open(&path).unwrap();
    let engine = |name| {
        let policy = Policy::builder().tier(name, TierKind::Dram, "8 MiB").build().unwrap();
        Engine::builder().policy(policy).build().unwrap()
    };
    let model = OnHost::load(&engine("host"), &checkpoint).unwrap();
    assert_eq!(model.head.read().unwrap()[0], 2.0);
    let error = OnHost::load(&engine("dram"), &checkpoint).err().unwrap().to_string();
    assert!(error.contains("the policy has no such tier; it has `dram`, `nvme` (tier `host`)"), "{error}");
}

/// The walk tells everything about each tensor, and lets it be written.
#[test]
fn parameters_are_walked_and_written() {
    let source = source(&[("weight", &[2, 3]), ("bias", &[2])]);
    let mut linear = Linear::<C<3>, C<2>>::load(&Heap, &source).unwrap();
    let told: Vec<_> = linear
        .params()
        .iter()
        .map(|p| format!("{} {} {:?} {}", p.name(), p.dtype(), p.shape(), p.num_bytes()))
        .collect();
    assert_eq!(told, ["weight f32 [2, 3] 24", "bias f32 [2] 8"]);
    for mut param in linear.params_mut() {
        param.write().unwrap().bytes_mut().unwrap().fill(0x3f);
    }
    let expected = f32::from_ne_bytes([0x3f; 4]);
    assert!(linear.weight.read().unwrap().iter().all(|value| *value == expected));
}
