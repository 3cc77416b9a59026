//! Sets the stage, by the ways that everybody has: the operator's commands, one-time links, the console's
//! API, and the application itself. Nothing is written into a database behind the product's back.
//!
//! What it needs of the product (all of it named in `product.rs`):
//! - a node that starts on an empty folder and says when it is ready;
//! - commands: the first operator's link; a deployment with its id and proof secret; the application's
//!   roles; scopes and routes for programs; tenants with their ids and the links for their first admins;
//! - one-time links whose page takes issuer, client id and client secret in a plain form, leaves for the
//!   provider, and makes whoever comes back the first operator or admin;
//! - an API for a tenant's admin with the console's cookie: members, their roles, sharing a provider;
//! - first sign-in makes a member.

use std::path::PathBuf;

use http::Method;
use serde_json::{Value, json};

use crate::backend::{Backend, Trust};
use crate::client::{Ask, Browser};
use crate::clock;
use crate::ground::Ground;
use crate::partywall::{Binary, Node};
use crate::product::{self, Admin, Invitation, SetupError, accept, unexpected};
use crate::provider::{Organisation, Person, Provider, contoso, fabrikam, tailspin};
use crate::stage::{Stage, Tenant, sign_in};
use crate::walk::{CONTOSOS, FABRIKAMS, TRAININGS};

/// Starts and sets up everything.
pub async fn set_up(binary: Binary, folder: PathBuf, ground: Ground) -> Result<Stage, SetupError> {
    let contoso_provider = provider(contoso(), ground, 0).await?;
    let fabrikam_provider = provider(fabrikam(), ground, 1).await?;
    let tailspin_provider = provider(tailspin(), ground, 2).await?;
    let node = Node::start(binary, folder.join("partywall"), ground).await?;

    let olivia = who(&tailspin_provider, "olivia@tailspin.test");
    accept(&mut Browser::new(), &product::bootstrap(&node).await?, &tailspin_provider, &olivia).await?;

    let deployment =
        product::create_deployment(&node, "Surveys", &format!("http://{}", ground.surveys())).await?;
    let trust = Trust {
        audience: deployment.id.clone(),
        issuer: ground.origin("id"),
        proof_secret: deployment.proof_secret.clone(),
    };
    let books = folder.join("surveys");
    let backend = Backend::start(ground.surveys(), trust, &books, ground.origin("console"));
    let backend = backend.await.map_err(|error| unexpected(format!("Surveys did not start: {error}")))?;

    for (name, title, about) in [
        ("reader", "Reader", "Sees and answers surveys."),
        ("creator", "Creator", "Writes surveys and reads their results."),
        ("admin", "Admin", "Reads all results and deletes surveys."),
    ] {
        product::put_role(&node, name, title, about).await?;
    }
    product::open_for_programs(&node, &folder.join("routes.json")).await?;
    let (contoso, contosos) = tenant(&node, &deployment, "contoso", "Contoso").await?;
    let (training, trainings) = tenant(&node, &deployment, "contoso-training", "Contoso Training").await?;
    let (fabrikam, fabrikams) = tenant(&node, &deployment, "fabrikam", "Fabrikam").await?;

    let stage = Stage {
        ground,
        folder,
        node,
        backend,
        contoso_provider,
        fabrikam_provider,
        tailspin_provider,
        contoso,
        training,
        fabrikam,
    };
    admit(&stage, &contosos, &trainings, &fabrikams).await?;
    give_roles(&stage).await?;
    fill(&stage).await?;
    Ok(stage)
}

async fn provider(organisation: Organisation, ground: Ground, number: u16) -> Result<Provider, SetupError> {
    let issuer = ground.issuer(organisation.slug, number);
    let listen = ground.provider(number);
    let started = Provider::start(organisation, listen, issuer, clock::system()).await;
    started.map_err(|error| {
        unexpected(format!("{listen} cannot be listened at: {error}; try another --port-base"))
    })
}

fn who(provider: &Provider, email: &str) -> Person {
    provider.organisation().person(email).expect("the demonstration's people work somewhere").clone()
}

async fn tenant(
    node: &Node,
    deployment: &product::Deployment,
    slug: &'static str,
    name: &'static str,
) -> Result<(Tenant, Invitation), SetupError> {
    let (id, invitation) = product::create_tenant(node, slug, name, deployment).await?;
    Ok((Tenant { id, slug, name }, invitation))
}

/// The first admins come by their links, everybody else by signing in for the first time.
async fn admit(
    stage: &Stage,
    contosos: &Invitation,
    trainings: &Invitation,
    fabrikams: &Invitation,
) -> Result<(), SetupError> {
    let (contoso, fabrikam) = (&stage.contoso_provider, &stage.fabrikam_provider);
    let alice = stage.person("alice@contoso.test");
    accept(&mut Browser::new(), contosos, contoso, &alice).await?;
    accept(&mut Browser::new(), fabrikams, fabrikam, &stage.person("bob@fabrikam.test")).await?;
    // The provider belongs to Contoso, so Contoso decides that its training organisation may use it.
    Admin::arrive(stage.ground, &stage.contoso.id, &alice)
        .await?
        .share_provider_with(&stage.training.id)
        .await?;
    accept(&mut Browser::new(), trainings, contoso, &stage.person("carol@contoso.test")).await?;
    for (email, tenant) in [
        ("aaron@contoso.test", &stage.contoso),
        ("carol@contoso.test", &stage.contoso),
        ("frida@fabrikam.test", &stage.fabrikam),
    ] {
        sign_in(&mut Browser::new(), &stage.at(tenant, "/"), &stage.person(email)).await?;
    }
    Ok(())
}

/// Each organisation's admin gives its roles. The operator could not.
async fn give_roles(stage: &Stage) -> Result<(), SetupError> {
    for (tenant, admin, given) in [
        (
            &stage.contoso,
            "alice@contoso.test",
            [("alice@contoso.test", "admin"), ("aaron@contoso.test", "reader")].as_slice(),
        ),
        (&stage.contoso, "alice@contoso.test", &[("carol@contoso.test", "creator")]),
        (&stage.training, "carol@contoso.test", &[("carol@contoso.test", "admin")]),
        (
            &stage.fabrikam,
            "bob@fabrikam.test",
            &[("bob@fabrikam.test", "admin"), ("frida@fabrikam.test", "reader")],
        ),
    ] {
        let mut admin = Admin::arrive(stage.ground, &tenant.id, &stage.person(admin)).await?;
        for (email, role) in given {
            admin.assign(email, &[role]).await?;
        }
    }
    Ok(())
}

/// Something to look at, written by the people themselves.
async fn fill(stage: &Stage) -> Result<(), SetupError> {
    let ride = json!({ "title": CONTOSOS, "about": "Four days, one of them wet.", "questions": [
        { "prompt": "Which region?", "kind": "choice", "options": ["Alps", "Jura", "Black Forest"] },
        { "prompt": "How many hills do you want?", "kind": "scale" },
        { "prompt": "Anything else?", "kind": "text" },
    ] });
    let oak = json!({ "title": FABRIKAMS, "about": "For Fabrikam's board only.", "questions": [
        { "prompt": "Which one?", "kind": "choice", "options": ["Bog oak", "White oak"] },
    ] });
    let course = json!({ "title": TRAININGS, "about": "", "questions": [
        { "prompt": "How useful was it?", "kind": "scale" },
    ] });
    let id = ask(stage, "alice@contoso.test", &stage.contoso, &ride).await?;
    ask(stage, "bob@fabrikam.test", &stage.fabrikam, &oak).await?;
    ask(stage, "carol@contoso.test", &stage.training, &course).await?;
    let answers = json!({ "answers": { "q1": "Jura", "q2": "4", "q3": "More cake stops." } });
    say(stage, "aaron@contoso.test", &stage.contoso, &format!("/api/surveys/{id}/answers"), &answers).await?;
    Ok(())
}

async fn ask(stage: &Stage, email: &str, tenant: &Tenant, survey: &Value) -> Result<String, SetupError> {
    let made = say(stage, email, tenant, "/api/surveys", survey).await?;
    made["id"].as_str().map(str::to_owned).ok_or_else(|| unexpected(format!("a survey without id: {made}")))
}

async fn say(
    stage: &Stage,
    email: &str,
    tenant: &Tenant,
    path: &str,
    body: &Value,
) -> Result<Value, SetupError> {
    let (mut browser, _) = stage.arrive(email, tenant).await?;
    let page = browser.send(&Ask::json(Method::POST, &stage.at(tenant, path), body)).await?;
    if page.status.is_success() {
        Ok(page.json()?)
    } else {
        Err(unexpected(format!("{page:?}: {}", page.body)))
    }
}
