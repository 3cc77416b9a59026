//! What a newcomer reads when everything stands: where to click and what to type.

use std::fmt::Write;

use crate::provider::Provider;
use crate::stage::Stage;

/// The whole text.
#[must_use]
pub fn guide(stage: &Stage) -> String {
    let at = |tenant| stage.at(tenant, "/");
    let mut text = String::new();
    let mut line = |words: &str| {
        // Writing into a string does not fail.
        let _ = writeln!(text, "{words}");
    };
    line("\nEverything stands. Open in a browser:\n");
    line(&format!("  Contoso's surveys           {}", at(&stage.contoso)));
    line(&format!("  Contoso's training          {}", at(&stage.training)));
    line(&format!("  Fabrikam's surveys          {}", at(&stage.fabrikam)));
    line(&format!("  the console                 {}", stage.ground.origin("console")));
    line("\nWho you can be (the login pages show this too):\n");
    for provider in [&stage.contoso_provider, &stage.fabrikam_provider, &stage.tailspin_provider] {
        people(provider, &mut line);
    }
    line("\nTry this:\n");
    line("  1. Sign in at Contoso as Alice, at Contoso's own identity provider. Answer a survey, write one.");
    line("  2. Go to Fabrikam's address. You are nobody there, and Alice's password is worth nothing.");
    line(
        "  3. Sign in at Contoso as Carol and switch to the training organisation: same person, other roles.",
    );
    line("  4. Open the console as Alice: members, roles, the connection, the audit trail.");
    line("  5. Open the console as Olivia, who runs Partywall: tenants, deployments, audit.");
    line("\nAsk the product itself:\n");
    let (binary, config) =
        (stage.node.binary().display().to_string(), stage.node.config().display().to_string());
    for command in ["tenant list", "doctor"] {
        line(&format!("  {binary} --config {config} {command}"));
    }
    line(&format!("  {binary} --config {config} audit verify {}", stage.contoso.id));
    line(
        "\nIf a browser does not know names under localhost, add them to its machine's hosts file for 127.0.0.1.",
    );
    line("Ctrl-C ends everything.");
    text
}

fn people(provider: &Provider, line: &mut impl FnMut(&str)) {
    let organisation = provider.organisation();
    line(&format!("  {} ({})", organisation.name, provider.issuer()));
    for person in &organisation.people {
        line(&format!("    {:<24} {:<26} {}", person.email, person.password, person.job));
    }
}
