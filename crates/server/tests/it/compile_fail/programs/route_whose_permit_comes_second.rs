//! E0277: the permit comes first, so that nothing of the request is read before it.

use access::ManageMember;
use web::{Allow, Path, Routes, Web};

async fn suspend(_: Path<String>, _: Allow<ManageMember>) {}

pub fn route(routes: Routes<Web>) -> Routes<Web> {
    routes.post("/v1/tenants/{tenant}/members/{member}/suspend", suspend)
}
