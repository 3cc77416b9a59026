//! As much of HTML as it takes to fill in a form and find a link.

use url::Url;

/// A form, with the values it had on the page until they are changed.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it is sent.
    pub action: Url,
    /// By POST rather than GET.
    pub is_post: bool,
    /// What it holds, in order.
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// With this field filled in, whether it stood on the page or not.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(key, _)| key != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What a field holds.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// All forms of a page. Buttons are not part of a form until one is pressed; use [`Form::with`] for that.
pub(super) fn forms(page: &str, base: &Url) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut open: Option<Form> = None;
    let mut choosing: Option<String> = None;
    let mut tags = Tags { rest: page };
    while let Some(tag) = tags.next() {
        match (tag.name.as_str(), &mut open) {
            ("form", _) => forms.extend(open.replace(begin(&tag, base))),
            ("/form", _) => forms.extend(open.take()),
            ("input", Some(form)) => form.fields.extend(input(&tag)),
            ("textarea", Some(form)) => {
                let text = tags.text_until("</textarea");
                form.fields.extend(tag.get("name").map(|name| (name, text)));
            }
            ("select", Some(_)) => choosing = tag.get("name"),
            ("/select", _) => choosing = None,
            ("option", Some(form)) => {
                if let Some(name) = &choosing {
                    choose(form, name, &tag);
                }
            }
            _ => {}
        }
    }
    forms.extend(open);
    forms
}

/// The addresses of all links of a page.
pub(super) fn links(page: &str) -> Vec<String> {
    Tags { rest: page }.filter(|tag| tag.name == "a").filter_map(|tag| tag.get("href")).collect()
}

fn begin(tag: &Tag, base: &Url) -> Form {
    let action = tag.get("action").and_then(|action| base.join(&action).ok()).unwrap_or_else(|| base.clone());
    let is_post = tag.get("method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
    Form { action, is_post, fields: Vec::new() }
}

fn input(tag: &Tag) -> Option<(String, String)> {
    let kind = tag.get("type").unwrap_or_default();
    let is_left_out = match kind.as_str() {
        "submit" | "button" | "image" | "reset" => true,
        "checkbox" | "radio" => tag.get("checked").is_none(),
        _ => false,
    };
    if is_left_out {
        return None;
    }
    let value =
        tag.get("value").unwrap_or_else(|| if kind == "checkbox" { "on".into() } else { String::new() });
    Some((tag.get("name")?, value))
}

/// The first option stands for the select until one says that it is selected.
fn choose(form: &mut Form, name: &str, option: &Tag) {
    let Some(value) = option.get("value") else { return };
    let is_first = form.value(name).is_none();
    if is_first || option.get("selected").is_some() {
        form.fields.retain(|(key, _)| key != name);
        form.fields.push((name.to_owned(), value));
    }
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }
}

/// The tags of a page, one after the other. What stands in scripts, styles and comments is passed over.
struct Tags<'a> {
    rest: &'a str,
}

impl Tags<'_> {
    /// The text up to an end tag, decoded. A line break right at its beginning is not part of it.
    fn text_until(&mut self, end: &str) -> String {
        let length = self.rest.find(end).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        let text = text.strip_prefix('\n').unwrap_or(text);
        decode(text)
    }

    fn skip_past(&mut self, end: &str) {
        self.rest = self.rest.find(end).map_or("", |at| &self.rest[at + end.len()..]);
    }
}

impl Iterator for Tags<'_> {
    type Item = Tag;

    fn next(&mut self) -> Option<Tag> {
        loop {
            self.rest = &self.rest[self.rest.find('<')? + 1..];
            if self.rest.starts_with("!--") {
                self.skip_past("-->");
                continue;
            }
            let (tag, rest) = read_tag(self.rest);
            self.rest = rest;
            match tag.name.as_str() {
                "script" => self.skip_past("</script"),
                "style" => self.skip_past("</style"),
                _ => return Some(tag),
            }
        }
    }
}

fn read_tag(text: &str) -> (Tag, &str) {
    let length = text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len());
    let (name, mut rest) = text.split_at(length);
    let mut tag = Tag { name: name.to_ascii_lowercase(), attributes: Vec::new() };
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return (tag, rest);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (tag, after);
        }
        let (attribute, after) = read_attribute(rest);
        tag.attributes.push(attribute);
        rest = after;
    }
}

fn read_attribute(text: &str) -> ((String, String), &str) {
    let length = text.find(|c: char| c.is_whitespace() || c == '=' || c == '>').unwrap_or(text.len()).max(1);
    let (name, rest) = text.split_at(text.ceil_char_boundary(length));
    let name = name.to_ascii_lowercase();
    let Some(value) = rest.trim_start().strip_prefix('=') else { return ((name, String::new()), rest) };
    let value = value.trim_start();
    let (value, rest) = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
        _ => value.split_at(value.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(value.len())),
    };
    ((name, decode(value)), rest)
}

/// The references that pages of ours use.
fn decode(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference =
            rest.find(';').filter(|end| *end <= 10).and_then(|end| Some((meaning(&rest[1..end])?, end)));
        match reference {
            Some((meant, end)) => {
                plain.push(meant);
                rest = &rest[end + 1..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain + rest
}

fn meaning(reference: &str) -> Option<char> {
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = reference.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!-- <form action="/no"> --><script>"<form action='/no'>"</script>
        <a href="/one?a=1&amp;b=2">one</a>
        <form method="post" action="/login"><input type=hidden name="id" value="&quot;7&#39;">
        <input name='email'/><input type="checkbox" name="keep" checked><input type="radio" name="r" value="x">
        <select name="kind"><option value="a">A<option value="b" selected>B</select>
        <textarea name="about">
a &lt; b</textarea><button name="act" value="go">Go</button></form>
        <form action="search"><input name=q value=x></form>"#;

    fn page_forms() -> Vec<Form> {
        forms(PAGE, &Url::parse("http://a.example/deep/page").unwrap())
    }

    #[test]
    fn a_form_holds_what_a_browser_would_send() {
        let form = &page_forms()[0];
        assert!(form.is_post);
        assert_eq!(form.action.as_str(), "http://a.example/login");
        let fields: Vec<(&str, &str)> = form.fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            fields,
            [("id", "\"7'"), ("email", ""), ("keep", "on"), ("kind", "b"), ("about", "a < b")]
        );
    }

    #[test]
    fn forms_in_comments_and_scripts_are_none() {
        let forms = page_forms();
        assert_eq!(forms.len(), 2);
        assert_eq!((forms[1].action.path(), forms[1].is_post), ("/deep/search", false));
        assert_eq!(links(PAGE), ["/one?a=1&b=2"]);
    }

    #[test]
    fn broken_pages_end_rather_than_hang() {
        for page in [
            "<",
            "<form",
            "<form action",
            "<form action=",
            "<input name=\"x",
            "<é=ü é",
            "<a href='&#x110000;'>&;",
        ] {
            let base = Url::parse("http://a.example/").unwrap();
            assert!(forms(page, &base).len() <= 1, "{page}");
            assert!(links(page).len() <= 1, "{page}");
        }
    }
}
