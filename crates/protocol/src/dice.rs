//! Chance that is the same on every machine and in every run, and the damage that tests do with it. Crates that read what
//! strangers send take this file in for their tests.

/// A generator that is the same on every machine (Marsaglia's xorshift).
pub(crate) struct Dice(u64);

impl Dice {
    /// The dice of this number.
    pub(crate) fn of(number: u64) -> Self {
        Dice(number)
    }

    /// How often something is tried: `count` times, or as many times that as `PARTYWALL_FUZZ` says while building.
    pub(crate) fn times(count: usize) -> usize {
        let more = option_env!("PARTYWALL_FUZZ").and_then(|more| more.parse::<usize>().ok());
        count * more.unwrap_or(1)
    }

    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    /// `text` with one to three wounds.
    pub(crate) fn wound(&mut self, text: &[u8]) -> Vec<u8> {
        let mut wounded = text.to_vec();
        for _ in 0..=self.roll(3) {
            let place = self.roll(wounded.len().max(1)).min(wounded.len().saturating_sub(1));
            match self.roll(7) {
                _ if wounded.is_empty() => wounded.push(self.letter()),
                0 => wounded[place] = self.letter(),
                1 => wounded[place] ^= 1 << self.roll(8),
                2 => wounded.insert(place, self.letter()),
                3 => drop(wounded.remove(place)),
                4 => wounded.truncate(place),
                5 => wounded.extend_from_within(place..),
                _ => {
                    let other = self.roll(wounded.len());
                    wounded.swap(place, other);
                }
            }
        }
        wounded
    }

    fn letter(&mut self) -> u8 {
        const LETTERS: &[u8] = b"Aa0-_.=+/&%{}[]\":,\\ \n\0\xff9e";
        LETTERS[self.roll(LETTERS.len())]
    }

    /// `count` wounded texts that differ from the sound one.
    pub(crate) fn wounded<'a>(
        &'a mut self,
        sound: &'a [u8],
        count: usize,
    ) -> impl Iterator<Item = Vec<u8>> + 'a {
        (0..Self::times(count)).map(|_| self.wound(sound)).filter(move |wounded| wounded != sound)
    }
}
