//! Logs: one line an event, human or JSON, with ids as fields.

use super::traces;
use crate::config::Observe;
use std::io::IsTerminal;
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging, and tracing where it is asked for. What is given back must live as long as the node.
///
/// # Errors
/// Words for the operator, if the traces' endpoint cannot be used.
pub fn start(observe: &Observe, quiet: bool) -> Result<Option<traces::Exporter>, String> {
    let filter = if quiet { EnvFilter::new("warn") } else { EnvFilter::new(&observe.level) };
    let only_traced = format!("{}=off", traces::TARGET).parse().expect("a sound directive");
    let filter = filter.add_directive(only_traced);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = if observe.json {
        Box::new(
            layer
                .json()
                .flatten_event(true)
                .with_current_span(true)
                .with_span_list(false)
                .with_filter(filter),
        )
    } else {
        Box::new(layer.with_filter(filter))
    };
    let (traced, exporter) = traces::layer(observe)?.unzip();
    // One layer of layers: boxed ones cannot stand on each other.
    let all: Vec<Box<dyn Layer<Registry> + Send + Sync>> =
        [Some(lines), traced].into_iter().flatten().collect();
    tracing_subscriber::registry().with(all).try_init().map_err(|error| error.to_string())?;
    Ok(exporter)
}
