//! Where one side of a WebSocket is in its stream of frames (RFC 6455 section 5.2). What is said is not looked at: this is
//! only to know between which two bytes a frame of ours may stand.

/// The longest head of a frame: two bytes, eight of length, four of mask.
const HEAD: usize = 14;

/// How far the stream is.
#[derive(Debug, Default)]
pub(super) struct Frames {
    head: [u8; HEAD],
    /// How much of the next head has come.
    have: usize,
    /// How much of the frame is still to come.
    left: u64,
    /// Whether the side has said goodbye, after which nothing may follow.
    closed: bool,
}

impl Frames {
    /// These bytes have passed.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let skipped = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= skipped as u64;
                bytes = &bytes[skipped..];
                continue;
            }
            self.head[self.have] = bytes[0];
            self.have += 1;
            bytes = &bytes[1..];
            if let Some(length) = self.length() {
                self.closed |= self.head[0] & 0x0f == 0x08;
                (self.have, self.left) = (0, length);
            }
        }
    }

    /// Whether a frame may begin here.
    pub(super) fn is_between(&self) -> bool {
        self.have == 0 && self.left == 0 && !self.closed
    }

    /// The length of the frame whose head has come; none while it has not.
    fn length(&self) -> Option<u64> {
        let second = *self.head[..self.have].get(1)?;
        let (short, masked) = (second & 0x7f, second & 0x80 != 0);
        let more = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if self.have < 2 + more + if masked { 4 } else { 0 } {
            return None;
        }
        let long = self.head[2..2 + more].iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        Some(if more == 0 { u64::from(short) } else { long })
    }
}

/// A frame that ends the connection, as a server sends it, with this code (section 7.4.1).
pub(super) fn goodbye(code: u16) -> [u8; 4] {
    let [high, low] = code.to_be_bytes();
    [0x88, 2, high, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(pieces: &[&[u8]]) -> bool {
        let mut frames = Frames::default();
        pieces.iter().for_each(|piece| frames.pass(piece));
        frames.is_between()
    }

    #[test]
    fn a_frame_may_stand_only_between_two_others() {
        assert!(between(&[]));
        assert!(between(&[&[0x81, 2, b'h', b'i']]));
        assert!(!between(&[&[0x81, 2, b'h']]));
        assert!(!between(&[&[0x81]]), "in the middle of a head");
        assert!(between(&[&[0x81], &[2, b'h'], b"i", &[0x82, 0]]), "however it is cut");
        let mut long = vec![0x82, 126, 1, 0];
        assert!(!between(&[&long]));
        long.extend([7; 256]);
        assert!(between(&[&long]) && !between(&[&long[..long.len() - 1]]));
        let mut longer = vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0];
        longer.extend(vec![7; 65_536]);
        assert!(between(&[&longer]) && !between(&[&longer, &[0x82]]));
        assert!(between(&[&[0x81, 0x82, 1, 2, 3, 4, 5, 6]]), "a masked one");
        assert!(!between(&[&[0x88, 2, 3, 0xe8]]), "nothing follows a goodbye");
        assert!(
            !between(&[&[0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]]),
            "whatever it claims"
        );
    }
}
