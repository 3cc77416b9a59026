//! Tells what is being done and what each step proved.

use std::fmt::Display;
use std::io::{self, Write};

/// A story being told. Its steps are counted, and one that failed is not forgotten.
pub struct Story<W = io::Stdout> {
    out: W,
    proved: usize,
    failed: Vec<String>,
}

impl Story {
    /// A story told to whoever started the program.
    #[must_use]
    pub fn aloud() -> Self {
        Self::to(io::stdout())
    }
}

impl<W: Write> Story<W> {
    /// A story told to this writer.
    #[must_use]
    pub fn to(out: W) -> Self {
        Self { out, proved: 0, failed: Vec::new() }
    }

    /// A new chapter begins.
    pub fn chapter(&mut self, title: &str) {
        self.line(&format!("\n{title}"));
    }

    /// Something that happened and proves nothing by itself.
    pub fn note(&mut self, words: impl Display) {
        self.line(&format!("    {words}"));
    }

    /// A step that either proves what it claims or says what was seen instead. Gives what it found, so
    /// that the story can go on from there.
    pub fn step<T, E: Display>(&mut self, claim: &str, found: Result<T, E>) -> Option<T> {
        match found {
            Ok(found) => {
                self.proved += 1;
                self.line(&format!("  ✓ {claim}"));
                Some(found)
            }
            Err(seen) => {
                self.line(&format!("  ✗ {claim}\n      instead: {seen}"));
                self.failed.push(claim.to_owned());
                None
            }
        }
    }

    /// The last words. Was everything proved?
    #[must_use]
    pub fn end(mut self) -> bool {
        let (proved, failed) = (self.proved, self.failed.len());
        if failed == 0 {
            self.line(&format!("\n{proved} steps, and every one proved what it claims."));
        } else {
            let claims = self.failed.join("\n  ✗ ");
            self.line(&format!("\n{proved} steps proved what they claim; {failed} did not:\n  ✗ {claims}"));
        }
        failed == 0 && proved > 0
    }

    /// A reader who has gone away is no reason to stop halfway.
    fn line(&mut self, words: &str) {
        let _ = writeln!(self.out, "{words}");
        let _ = self.out.flush();
    }
}

/// Ok if it is so, and what was seen otherwise.
pub fn expect(is_so: bool, seen: impl Display) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(seen.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_that_failed_fails_the_story() {
        let mut told = Vec::new();
        let mut story = Story::to(&mut told);
        story.chapter("Alice signs in");
        story.step("she is let in", expect(true, "nothing"));
        story.step("Fabrikam's door stays shut", expect(false, "200 OK"));
        assert!(!story.end());
        let told = String::from_utf8(told).unwrap();
        assert!(told.contains("✓ she is let in") && told.contains("instead: 200 OK"), "{told}");
    }

    #[test]
    fn a_story_without_steps_proves_nothing() {
        assert!(!Story::to(Vec::new()).end());
    }
}
