//! Somebody follows the README from an empty folder.

use crate::town::{Node, binary};
use demo::client::Browser;
use std::{
    process::{Command, Stdio},
    time::Duration,
};

const README: &str = include_str!("../../../../../README.md");

#[tokio::test]
async fn what_the_readme_says_to_run_answers() {
    assert!(README.contains("serve --set development=true"), "a node of a town is started so too");
    let folder = tempfile::tempdir().expect("a folder");
    let node = Node::start(&folder.path().join("var"), "", &[]).await;
    // What is said at a start may come a moment after the node is ready.
    let said = loop {
        let said = node.output();
        if said.contains("It works once") && said.contains("listening at") {
            break said;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let link =
        said.split_whitespace().find(|word| word.contains("/bootstrap?code=")).expect("a link is printed");
    assert!(link.starts_with(&format!("http://id.partywall.localhost:{}/", node.port)), "{link}");
    let page = Browser::new().get(link).await.expect("it answers");
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(said.contains("descriptors"), "how many it may hold is said: {said}");
}

#[test]
fn a_reader_who_has_enough_ends_a_command_without_a_word() {
    for command in [["routes", "--json"], ["openapi", "--json"], ["config", "--page"]] {
        let mut child = Command::new(binary())
            .args(command)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        drop(child.stdout.take());
        let ended = child.wait_with_output().expect("it ends");
        assert!(ended.status.success() && ended.stderr.is_empty(), "{command:?}: {ended:?}");
    }
}
