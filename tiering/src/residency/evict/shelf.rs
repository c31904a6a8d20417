//! Copies as nodes of a slab, strung on lists: what every reactive policy orders its copies with.
//!
//! ```text
//!   list 0:  oldest ⇄ … ⇄ newest      nodes live in one slab and are linked by index;
//!   list 1:  oldest ⇄ … ⇄ newest      a dense map finds the node of a chunk; freed nodes are used again
//! ```
//!
//! A node is *here* (evictable), *out* (its copy is leased or wanted and comes back), or a *ghost* (its copy was
//! evicted, only its history is kept). Every operation is O(1) and, once warm, allocates nothing. Invariant: the
//! length and bytes of a list are those of the nodes on it.

use crate::object::map::ChunkMap;
use crate::object::{ChunkKey, NextUse};

/// No node.
const NIL: u32 = u32::MAX;

/// On no list.
const UNLISTED: u8 = u8::MAX;

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// An evictable copy.
    Here,
    /// A copy that is leased or wanted.
    Out,
    /// A copy that was evicted.
    Ghost,
}

/// One chunk that a policy knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) key: ChunkKey,
    pub(super) bytes: u64,
    pub(super) next_use: NextUse,
    pub(super) presence: Presence,
    /// Not used yet: fetched ahead of its first use.
    pub(super) fresh: bool,
    /// How often it was used, as its policy counts.
    pub(super) count: u8,
    list: u8,
    older: u32,
    newer: u32,
}

/// The ends of one list.
#[derive(Clone, Copy, Debug)]
struct List {
    oldest: u32,
    newest: u32,
    len: usize,
    bytes: u64,
}

impl List {
    const EMPTY: Self = Self { oldest: NIL, newest: NIL, len: 0, bytes: 0 };
}

/// Nodes and the lists that they are on.
#[derive(Debug)]
pub(super) struct Shelf {
    nodes: Vec<Node>,
    free: Vec<u32>,
    /// Node index plus one; 0 is none.
    place: ChunkMap<u32>,
    lists: Vec<List>,
}

impl Shelf {
    /// Empty lists.
    pub(super) fn new(lists: u8) -> Self {
        let lists = vec![List::EMPTY; usize::from(lists)];
        Self { nodes: Vec::new(), free: Vec::new(), place: ChunkMap::new(), lists }
    }

    /// The node of a chunk, a ghost's too.
    pub(super) fn find(&self, key: ChunkKey) -> Option<u32> {
        self.place.get(key).checked_sub(1)
    }

    pub(super) fn node(&self, index: u32) -> &Node {
        &self.nodes[index as usize]
    }

    pub(super) fn node_mut(&mut self, index: u32) -> &mut Node {
        &mut self.nodes[index as usize]
    }

    /// Makes a node for a chunk that has none; it is on no list.
    pub(super) fn add(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse) -> u32 {
        let node = Node {
            key,
            bytes,
            next_use,
            presence: Presence::Here,
            fresh: false,
            count: 0,
            list: UNLISTED,
            older: NIL,
            newer: NIL,
        };
        let index = if let Some(index) = self.free.pop() {
            self.nodes[index as usize] = node;
            index
        } else {
            self.nodes.push(node);
            // One node per chunk of memory, and as many ghosts: far below 2^32.
            (self.nodes.len() - 1) as u32
        };
        *self.place.entry(key) = index + 1;
        index
    }

    /// Takes a node off its list and forgets it.
    pub(super) fn drop_node(&mut self, index: u32) {
        self.unlist(index);
        self.place.take(self.nodes[index as usize].key);
        self.free.push(index);
    }

    /// The list that a node is on.
    pub(super) fn list_of(&self, index: u32) -> Option<u8> {
        Some(self.nodes[index as usize].list).filter(|list| *list != UNLISTED)
    }

    /// Takes a node off its list, if it is on one.
    pub(super) fn unlist(&mut self, index: u32) {
        let Node { list, older, newer, bytes, .. } = self.nodes[index as usize];
        if list == UNLISTED {
            return;
        }
        match older {
            NIL => self.lists[usize::from(list)].oldest = newer,
            older => self.nodes[older as usize].newer = newer,
        }
        match newer {
            NIL => self.lists[usize::from(list)].newest = older,
            newer => self.nodes[newer as usize].older = older,
        }
        let ends = &mut self.lists[usize::from(list)];
        ends.len -= 1;
        ends.bytes -= bytes;
        self.nodes[index as usize].list = UNLISTED;
    }

    /// Puts a node at the newest end of a list, off the one it was on.
    pub(super) fn push(&mut self, index: u32, list: u8) {
        self.unlist(index);
        let ends = &mut self.lists[usize::from(list)];
        let newest = std::mem::replace(&mut ends.newest, index);
        let node = &mut self.nodes[index as usize];
        (node.list, node.older, node.newer) = (list, newest, NIL);
        ends.len += 1;
        ends.bytes += node.bytes;
        match newest {
            NIL => ends.oldest = index,
            newest => self.nodes[newest as usize].newer = index,
        }
    }

    /// The node at the oldest end of a list.
    pub(super) fn oldest(&self, list: u8) -> Option<u32> {
        Some(self.lists[usize::from(list)].oldest).filter(|index| *index != NIL)
    }

    /// The next newer node of the same list.
    pub(super) fn newer(&self, index: u32) -> Option<u32> {
        Some(self.nodes[index as usize].newer).filter(|index| *index != NIL)
    }

    /// Nodes on a list.
    pub(super) fn len(&self, list: u8) -> usize {
        self.lists[usize::from(list)].len
    }

    /// Bytes of the nodes on a list.
    pub(super) fn bytes(&self, list: u8) -> u64 {
        self.lists[usize::from(list)].bytes
    }

    /// Says anew how large a chunk is, keeping its place.
    pub(super) fn resize(&mut self, index: u32, bytes: u64) {
        let node = &mut self.nodes[index as usize];
        let before = std::mem::replace(&mut node.bytes, bytes);
        if node.list != UNLISTED {
            let ends = &mut self.lists[usize::from(node.list)];
            ends.bytes = ends.bytes - before + bytes;
        }
    }

    /// Every node that is no ghost, in no order of meaning.
    pub(super) fn residents(&mut self) -> impl Iterator<Item = &mut Node> {
        let Self { nodes, place, .. } = self;
        let live = |(index, node): &(u32, &mut Node)| place.get(node.key) == index + 1;
        let nodes = (0_u32..).zip(nodes).filter(live).map(|(_, node)| node);
        nodes.filter(|node| node.presence != Presence::Ghost)
    }

    /// Slots of the slab, used and free: what the policy's memory grows with.
    #[cfg(test)]
    pub(super) fn slots(&self) -> usize {
        self.nodes.len()
    }
}
