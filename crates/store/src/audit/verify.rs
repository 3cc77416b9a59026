//! Whether a trail is what was written. A pure function over lines and checkpoints in order, so that a
//! tenant can run it over an export anywhere, without a database and without a key that is secret.
//!
//! What it can not see: a line that was altered or dropped before it had a place (seconds after it was
//! written), and a tail that was cut off together with its checkpoints, unless a checkpoint from elsewhere
//! (`heads.rs`) is given to compare with.

use super::{Checkpoint, StoredLine, merkle::Frontier};
use domain::{Digest, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
};

/// Something in a trail that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A line's fields are not those that were written.
    Altered {
        /// Its place.
        seq: i64,
        /// Its id.
        id: String,
    },
    /// A line stands at another place than it was given.
    Moved {
        /// Where it stands.
        seq: i64,
        /// Its id.
        id: String,
        /// Where it belongs.
        from: i64,
    },
    /// The lines that were written at these places are gone.
    Dropped {
        /// The first place.
        from: i64,
        /// The last.
        to: i64,
    },
    /// A line stands where no line was written: twice at one place, or after the last checkpoint.
    Inserted {
        /// Where it stands.
        seq: i64,
        /// Its id.
        id: String,
    },
    /// Every line agrees with the hash beside it, but not with what was signed: a line in this range was
    /// altered together with its hash, or one was put in another's place.
    Forged {
        /// The first place of the range.
        from: i64,
        /// The last.
        to: i64,
    },
    /// A checkpoint is not what was signed.
    Checkpoint {
        /// The number of lines it speaks of.
        size: i64,
    },
    /// The trail ends before a checkpoint that is known from elsewhere, or differs from it.
    Truncated {
        /// The number of lines that the known checkpoint speaks of.
        size: i64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Altered { seq, id } => write!(f, "line {seq} ({id}) was altered"),
            Finding::Moved { seq, id, from } => write!(f, "line {from} ({id}) was moved to place {seq}"),
            Finding::Dropped { from, to } if from == to => write!(f, "line {from} was dropped"),
            Finding::Dropped { from, to } => write!(f, "lines {from} to {to} were dropped"),
            Finding::Inserted { seq, id } => write!(f, "line {id} was inserted at place {seq}"),
            Finding::Forged { from, to } => {
                write!(f, "a line from {from} to {to} was altered or replaced together with its hash")
            }
            Finding::Checkpoint { size } => write!(f, "the checkpoint at {size} is not what was signed"),
            Finding::Truncated { size } => {
                write!(
                    f,
                    "the trail does not lead to the known checkpoint at {size}: it was cut or rewritten"
                )
            }
        }
    }
}

/// A checkpoint that somebody kept elsewhere: enough to see that a tail was cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// How many lines there were.
    pub size: i64,
    /// The root over them.
    pub root: String,
}

/// What came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many lines were looked at.
    pub lines: u64,
    /// How many checkpoints.
    pub checkpoints: u64,
    /// What is wrong, in the order in which it was seen.
    pub findings: Vec<Finding>,
    /// The last good checkpoint; worth keeping elsewhere.
    pub head: Option<Known>,
    /// Thumbprints (RFC 7638) of the keys that signed. Compare them with those that the operator publishes:
    /// an export brings its keys along, and so would a forged one.
    pub signers: BTreeSet<String>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// More odd lines and gaps than these between two checkpoints are named without asking where they came from.
const MOST_ODD: i64 = 64;

/// Looks at one trail, line by line and checkpoint by checkpoint, in order of place; a checkpoint comes
/// after the last line it speaks of. Remembers only what came since the last good checkpoint.
pub struct Verifier {
    tenant: String,
    keys: HashMap<String, VerifyingKey>,
    known: Vec<Known>,
    /// The tree so far. None after a dropped line, until a checkpoint tells how to go on.
    tree: Option<Frontier>,
    /// The size at the last good checkpoint.
    settled: i64,
    /// The place of the last line.
    last: i64,
    /// Lines whose fields and hash disagree.
    odd: Vec<StoredLine>,
    /// Places that no line stood at.
    gaps: Vec<(i64, i64)>,
    /// Lines that no checkpoint has spoken of yet.
    uncovered: Vec<(i64, String)>,
    report: Report,
}

impl Verifier {
    /// A verifier for the trail of `tenant`, whose checkpoints are signed by one of `keys`. `known` are
    /// checkpoints that were kept elsewhere; the trail must have passed through each of them.
    pub fn new(
        tenant: String,
        keys: impl IntoIterator<Item = (String, VerifyingKey)>,
        mut known: Vec<Known>,
    ) -> Self {
        known.sort_by_key(|known| known.size);
        known.dedup();
        Verifier {
            tenant,
            keys: keys.into_iter().collect(),
            known,
            tree: Some(Frontier::default()),
            settled: 0,
            last: 0,
            odd: Vec::new(),
            gaps: Vec::new(),
            uncovered: Vec::new(),
            report: Report::default(),
        }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: StoredLine) {
        self.report.lines += 1;
        if line.seq <= self.last || line.tenant_id != self.tenant {
            self.find(Finding::Inserted { seq: line.seq, id: line.id });
            return;
        }
        self.skip_to(line.seq);
        self.last = line.seq;
        self.uncovered.push((line.seq, line.id.clone()));
        // The hash beside the line goes into the tree: if it is the one that was signed, only what
        // stands beside it was altered, and the rest of the trail can still be checked.
        match Digest::parse(&line.leaf) {
            Some(leaf) => self.tree.iter_mut().for_each(|tree| tree.append(leaf)),
            None => self.tree = None,
        }
        self.compare_known();
        if line.hash_at(line.seq).to_string() != line.leaf {
            self.odd.push(line);
        }
    }

    /// Takes the next checkpoint.
    pub fn checkpoint(&mut self, checkpoint: &Checkpoint) {
        self.report.checkpoints += 1;
        let size = checkpoint.size;
        let Some(signed) = self.tree_of(checkpoint) else {
            self.find(Finding::Checkpoint { size });
            self.uncovered.retain(|(seq, _)| *seq > size);
            return;
        };
        self.skip_to(size + 1);
        let whole = self.tree.as_ref() == Some(&signed);
        if self.settle() && !whole {
            self.find(Finding::Forged { from: self.settled + 1, to: size });
        }
        self.uncovered.retain(|(seq, _)| *seq > size);
        self.tree = Some(signed);
        self.settled = size;
        self.last = self.last.max(size);
        self.report.head = Some(Known { size, root: checkpoint.root.clone() });
        self.compare_known();
    }

    /// What came out.
    pub fn finish(mut self) -> Report {
        // A place is given together with a checkpoint, so that no line may stand after the last one.
        for (seq, id) in std::mem::take(&mut self.uncovered) {
            self.odd.retain(|line| line.seq != seq);
            self.find(Finding::Inserted { seq, id });
        }
        self.settle();
        for Known { size, .. } in std::mem::take(&mut self.known) {
            self.find(Finding::Truncated { size });
        }
        self.report
    }

    /// The tree that a checkpoint speaks of; none if it is not what was signed.
    fn tree_of(&mut self, checkpoint: &Checkpoint) -> Option<Frontier> {
        let key = self.keys.get(&checkpoint.key_id)?;
        let fits = checkpoint.tenant_id == self.tenant && checkpoint.size >= self.settled;
        let tree = checkpoint.tree().filter(|_| fits && checkpoint.is_signed_by(key))?;
        self.report.signers.insert(super::export::PublicKey::of(&checkpoint.key_id, key).thumbprint());
        Some(tree)
    }

    fn skip_to(&mut self, seq: i64) {
        if self.last + 1 < seq {
            self.gaps.push((self.last + 1, seq - 1));
            self.tree = None;
        }
    }

    /// Names what was odd since the last good checkpoint; gives whether nothing was.
    fn settle(&mut self) -> bool {
        let odd = std::mem::take(&mut self.odd);
        let gaps = split(std::mem::take(&mut self.gaps));
        let clean = odd.is_empty() && gaps.is_empty();
        let single = gaps.iter().filter(|(from, to)| from == to).map(|(from, _)| *from);
        let mut places: Vec<i64> = odd.iter().map(|line| line.seq).chain(single).collect();
        if places.len() > MOST_ODD as usize {
            places.clear();
        }
        let hashes: HashSet<String> = odd.iter().map(|line| line.leaf.clone()).collect();
        let (mut left, mut found) = (gaps, HashSet::new());
        for line in odd {
            let from = places.iter().find(|place| hashes.contains(&line.hash_at(**place).to_string()));
            match from.filter(|from| **from != line.seq) {
                Some(from) => {
                    found.insert(*from);
                    left.push((line.seq, line.seq));
                    self.find(Finding::Moved { seq: line.seq, id: line.id, from: *from });
                }
                None => self.find(Finding::Altered { seq: line.seq, id: line.id }),
            }
        }
        // What stood at a place that was left, and was found nowhere else, is gone.
        left.sort_unstable();
        for (from, to) in left.into_iter().filter(|(from, to)| from != to || !found.contains(from)) {
            self.find(Finding::Dropped { from, to });
        }
        clean
    }

    /// Lets go of a known checkpoint once the tree has passed through it.
    fn compare_known(&mut self) {
        let Some(tree) = &self.tree else { return };
        let is_passed =
            |known: &Known| tree.size() == known.size.unsigned_abs() && tree.root().to_string() == known.root;
        self.known.retain(|known| !is_passed(known));
    }

    fn find(&mut self, finding: Finding) {
        self.report.findings.push(finding);
    }
}

/// Few missing places one by one, many as the ranges they are.
fn split(gaps: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    let count = gaps.iter().fold(0i64, |sum, (from, to)| sum.saturating_add(to.saturating_sub(*from)));
    if count >= MOST_ODD {
        return gaps;
    }
    gaps.into_iter().flat_map(|(from, to)| (from..=to).map(|seq| (seq, seq))).collect()
}
