//! The command line's socket. Whoever may open the file may run the platform, so only its owner may.

use super::{Stop, accept, body::Reply};
use crate::assemble::Node;
use std::{os::unix::fs::PermissionsExt, path::Path, sync::Arc};
use tokio::net::{UnixListener, UnixStream};
use web::HostKind;

/// Opens the socket with mode 0600, in place of one that no node answers at any more.
///
/// # Errors
/// Words for the operator.
pub async fn bind(path: &Path) -> Result<UnixListener, String> {
    let say = |why: String| format!("listen.socket ({}): {why}", path.display());
    if path.exists() {
        if UnixStream::connect(path).await.is_ok() {
            return Err(say("another node answers there; give each its own data directory or socket".into()));
        }
        std::fs::remove_file(path).map_err(|error| say(error.to_string()))?;
    }
    let listener = UnixListener::bind(path).map_err(|error| say(error.to_string()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| say(error.to_string()))?;
    Ok(listener)
}

/// Answers at the socket until it is time to stop.
pub async fn socket(listener: UnixListener, node: Arc<Node>, mut stop: Stop) {
    let builder = Arc::new(accept::builder());
    loop {
        let stream = tokio::select! {
            taken = listener.accept() => match taken {
                Ok((stream, _)) => stream,
                Err(_) => continue,
            },
            () = stop.wait() => return,
        };
        let (builder, node, stop) = (builder.clone(), node.clone(), stop.clone());
        tokio::spawn(accept::serve(builder, stream, (stop, Arc::default()), move |request| {
            let node = node.clone();
            async move {
                let mut request = request.map(axum::body::Body::new);
                request.extensions_mut().insert(HostKind::Socket);
                node.site.answer(request).await.map(Reply::Site)
            }
        }));
    }
}
