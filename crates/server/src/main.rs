//! The binary; see the library beside it.

use std::process::ExitCode;

/// Twice as quick as the system's allocator for many small requests (docs/dependencies.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    server::cli::run()
}
