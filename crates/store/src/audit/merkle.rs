//! A Merkle tree that only grows (RFC 6962 section 2.1), kept as the roots of its whole subtrees.

use domain::Digest;

/// The right edge of a tree: the roots of the perfect subtrees that its size is the sum of, largest
/// first. As much of a tree as is needed to append to it and to know its root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<Digest>,
}

impl Frontier {
    /// The frontier of a tree of `size` leaves with these subtree roots; none if their number is not the
    /// number of ones in `size`.
    pub fn from_roots(size: u64, roots: Vec<Digest>) -> Option<Self> {
        (roots.len() == size.count_ones() as usize).then_some(Frontier { size, roots })
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The subtree roots, largest first.
    pub fn roots(&self) -> &[Digest] {
        &self.roots
    }

    /// Appends a leaf by its hash.
    pub fn append(&mut self, leaf: Digest) {
        let mut whole = leaf;
        // As many subtrees are made whole by this leaf as the size ends in ones.
        for _ in 0..self.size.trailing_ones() {
            let left = self.roots.pop().expect("there is a root for every one in the size");
            whole = node(&left, &whole);
        }
        self.roots.push(whole);
        self.size += 1;
    }

    /// The root of the whole tree; that of no leaves is the hash of nothing.
    pub fn root(&self) -> Digest {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else { return Digest::of(b"") };
        roots.fold(*last, |right, left| node(left, &right))
    }
}

/// The hash of a leaf. The prefix keeps leaves and nodes apart.
pub fn leaf(data: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], data])
}

fn node(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[1], left.bytes(), right.bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, word for word: split at the largest power of two smaller than the size.
    fn by_definition(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => Digest::of(b""),
            [one] => *one,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node(&by_definition(left), &by_definition(right))
            }
        }
    }

    #[test]
    fn the_root_is_the_one_of_the_definition_at_every_size() {
        let leaves: Vec<_> = (0..70u8).map(|at| leaf(&[at])).collect();
        let mut frontier = Frontier::default();
        for (size, next) in leaves.iter().enumerate() {
            assert_eq!(frontier.root(), by_definition(&leaves[..size]), "{size}");
            let kept = Frontier::from_roots(frontier.size(), frontier.roots().to_vec());
            assert_eq!(kept.as_ref(), Some(&frontier));
            frontier.append(*next);
        }
        assert_eq!(Frontier::from_roots(3, vec![leaves[0]]), None);
    }

    /// Test vectors of the Certificate Transparency reference implementation, in hexadecimal.
    #[test]
    fn the_root_is_the_one_that_certificate_transparency_publishes() {
        let inputs: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let mut frontier = Frontier::default();
        inputs.iter().for_each(|input| frontier.append(leaf(input)));
        let hex: String = frontier.root().bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }
}
