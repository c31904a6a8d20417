//! The points of suite `alloc` by group, and what is promised of each group.

/// Points that exercise one thing.
pub(super) struct Group {
    /// Its name.
    pub(super) name: &'static str,
    /// Largest geometric mean of ours / mimalloc 3 in CPU time that keeps the promise; none where nothing is promised.
    pub(super) goal: Option<f64>,
    /// Largest ratio of a point to its best rival in CPU time.
    pub(super) point_goal: f64,
    /// Points with one thread.
    pub(super) one: &'static [&'static str],
    /// Points with two threads at once.
    pub(super) two: &'static [&'static str],
}

/// Largest ratio to a point's best rival.
const POINT: f64 = 1.10;
/// The same where threads meet or memory bandwidth decides: such points are noisy.
const NOISY: f64 = 1.25;

pub(super) const GROUPS: &[Group] = &[
    Group {
        name: "fast path",
        goal: Some(0.52),
        point_goal: POINT,
        one: &["fast16", "fast64", "fast64a", "fast512", "fast4k", "fast32k", "fifo64"],
        two: &["fast64", "fifo64"],
    },
    Group {
        name: "churn, medium, aligned",
        goal: Some(0.45),
        point_goal: POINT,
        one: &["churn", "churnL", "churn64a", "med", "al4k"],
        two: &["churn", "churnL", "churn64a", "med", "al4k"],
    },
    Group {
        name: "cross-thread",
        goal: Some(0.65),
        point_goal: NOISY,
        one: &["larson", "pc", "pingpong", "threads"],
        two: &["larson", "pc", "threads"],
    },
    Group {
        name: "growth",
        goal: Some(0.50),
        point_goal: POINT,
        one: &["vecgrow", "vecbig"],
        two: &["vecgrow"],
    },
    Group {
        name: "real crates",
        goal: Some(0.94),
        point_goal: POINT,
        one: &["strings", "bmap", "hmap", "btree", "json", "syn", "regex"],
        two: &["strings", "bmap", "hmap", "btree", "json", "syn", "regex"],
    },
    Group {
        name: "tensors",
        goal: Some(0.60),
        point_goal: NOISY,
        one: &["tensor", "tensorP", "tensorV", "tensorS", "tensorSP", "tensorSV", "zeroed"],
        two: &["tensor", "tensorP", "tensorS", "tensorSP", "tensorSV", "zeroed"],
    },
    Group { name: "fragmentation", goal: None, point_goal: POINT, one: &["frag"], two: &["frag"] },
    Group { name: "runtimes", goal: None, point_goal: NOISY, one: &[], two: &["rayon", "tokio"] },
];

impl Group {
    /// Every point of the group: the workload's name, how many threads, and the point's name.
    pub(super) fn points(&self) -> impl Iterator<Item = (&'static str, usize, String)> {
        let one = self.one.iter().map(|&point| (point, 1, point.to_owned()));
        one.chain(self.two.iter().map(|&point| (point, 2, format!("{point}/2"))))
    }
}
