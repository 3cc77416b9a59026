//! From text to an expression that can be worked out, or what is wrong with it and where.

use super::{
    Expression, Kind, MOST_DEPTH, MOST_LOOPS, MOST_NODES, MOST_PATTERN, MOST_SOURCE, Word,
    call::Call,
    node::{Loop, Node, Order, Sum},
};
use cel::{
    common::ast::{
        CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, MapExpr, SelectExpr,
        SourceInfo, operators,
    },
    parser::Parser,
};
use regex::bytes::{Regex, RegexBuilder};
use std::thread;

/// The parser calls itself for every operator of a chain and every bracket, so that it gets a stack of its own, on
/// which the longest text that is read has room. Only what is touched of it is ever there.
const STACK: usize = 64 << 20;

/// How deep brackets may lie in each other. The parser needs more and more time for each.
const MOST_BRACKETS: usize = 16;

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct BadExpression {
    /// The line, from 1.
    pub line: usize,
    /// The letter in it, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

type Result<T> = std::result::Result<T, BadExpression>;

pub(super) fn read(source: &str, words: &[Word]) -> Result<Expression> {
    look_over(source)?;
    thread::scope(|scope| {
        let reading = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || parse(source, words));
        let read = reading.map(thread::ScopedJoinHandle::join);
        match read {
            Ok(Ok(expression)) => expression,
            Ok(Err(_)) => Err(at_begin("this cannot be read")),
            Err(error) => Err(at_begin(format!("there is no room to read this: {error}"))),
        }
    })
}

fn at_begin(what: impl Into<String>) -> BadExpression {
    BadExpression { line: 1, column: 1, what: what.into() }
}

/// Bounds that hold before anything is read.
fn look_over(source: &str) -> Result<()> {
    if source.len() > MOST_SOURCE {
        return Err(at_begin(format!("an expression may have {MOST_SOURCE} bytes")));
    }
    if source.contains('\0') {
        return Err(at_begin("a NUL is part of no expression"));
    }
    let (mut deep, mut prefixes) = (0_usize, 0_usize);
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => deep += 1,
            b')' | b']' | b'}' => deep = deep.saturating_sub(1),
            _ => {}
        }
        prefixes = if matches!(byte, b'!' | b'-') { prefixes + 1 } else { 0 };
        if deep > MOST_BRACKETS || prefixes > MOST_BRACKETS {
            return Err(at_begin(format!("brackets may lie {MOST_BRACKETS} deep in each other")));
        }
    }
    Ok(())
}

fn parse(source: &str, words: &[Word]) -> Result<Expression> {
    let parsed = Parser::new().max_recursion_depth(64).error_recovery_limit(1).parse_with_source_info(source);
    let (tree, places) = parsed.map_err(|errors| match errors.errors.into_iter().next() {
        Some(error) => BadExpression {
            line: usize::try_from(error.pos.0).unwrap_or(1).max(1),
            column: usize::try_from(error.pos.1).unwrap_or(1).max(1),
            what: error.msg,
        },
        None => at_begin("this is no expression"),
    })?;
    let mut compiler = Compiler {
        source,
        words,
        places,
        nodes: 0,
        depth: 0,
        loops: 0,
        most_loops: 0,
        held: Vec::new(),
        spoken_of: Vec::new(),
        texts: Vec::new(),
    };
    let root = compiler.node(&tree, Says::It)?;
    Ok(Expression {
        source: source.into(),
        root,
        slots: 2 * compiler.most_loops,
        words: compiler.spoken_of.into(),
        texts: compiler.texts.into_iter().map(Into::into).collect(),
    })
}

/// Whether what a part is worked out to is written, as it is or beside other text, or asked about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    It,
    Asks,
}

struct Compiler<'a> {
    source: &'a str,
    words: &'a [Word],
    places: SourceInfo,
    nodes: usize,
    depth: usize,
    loops: usize,
    most_loops: usize,
    /// What loops call their item and what they gather, the innermost last.
    held: Vec<(String, usize)>,
    spoken_of: Vec<&'static str>,
    texts: Vec<String>,
}

impl Compiler<'_> {
    fn bad<T>(&self, at: &IdedExpr, what: impl Into<String>) -> Result<T> {
        let start = self.places.offset_for(at.id).map_or(0, |(start, _)| start as usize);
        let before: String = self.source.chars().take(start).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
        Err(BadExpression { line, column, what: what.into() })
    }

    fn node(&mut self, tree: &IdedExpr, says: Says) -> Result<Node> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return self.bad(tree, format!("an expression may have {MOST_NODES} parts"));
        }
        if self.depth == MOST_DEPTH {
            return self.bad(tree, format!("parts may lie {MOST_DEPTH} deep in each other"));
        }
        self.depth += 1;
        let node = self.part(tree, says);
        self.depth -= 1;
        node
    }

    fn boxed(&mut self, tree: &IdedExpr) -> Result<Box<Node>> {
        self.node(tree, Says::Asks).map(Box::new)
    }

    fn part(&mut self, tree: &IdedExpr, says: Says) -> Result<Node> {
        match &tree.expr {
            Expr::Literal(literal) => self.literal(tree, literal),
            Expr::Ident(name) => self.name(tree, name),
            Expr::Select(select) => self.select(tree, select, says),
            Expr::Call(call) => self.call(tree, call, says),
            Expr::Comprehension(around) => self.around(tree, around),
            Expr::List(list) if list.optional_indices.is_empty() => {
                let items = list.elements.iter().map(|item| self.node(item, Says::Asks));
                Ok(Node::List(items.collect::<Result<_>>()?))
            }
            Expr::Map(map) => self.map(tree, map),
            _ => self.bad(tree, "this is not known here"),
        }
    }

    fn literal(&mut self, tree: &IdedExpr, literal: &LiteralValue) -> Result<Node> {
        Ok(match literal {
            LiteralValue::Null => Node::Null,
            LiteralValue::Boolean(is) => Node::Bool(*is.inner()),
            LiteralValue::Int(number) => Node::Int(*number.inner()),
            LiteralValue::Double(number) => Node::Double(*number.inner()),
            LiteralValue::String(text) => {
                self.texts.push(text.inner().to_owned());
                Node::Text(text.inner().into())
            }
            LiteralValue::UInt(_) => return self.bad(tree, "write the number without `u`"),
            LiteralValue::Bytes(_) => return self.bad(tree, "bytes are not known here; write text"),
        })
    }

    fn name(&mut self, tree: &IdedExpr, name: &str) -> Result<Node> {
        if let Some((_, slot)) = self.held.iter().rev().find(|(held, _)| held == name) {
            return Ok(Node::Slot(*slot));
        }
        match self.word(tree, name)? {
            Word { name, kind: Kind::Value } => Ok(Node::Fact(name)),
            Word { name, .. } => self
                .bad(tree, format!("`{name}` is a table; ask for one of its fields, as in `{name}[\"…\"]`")),
        }
    }

    fn word(&mut self, tree: &IdedExpr, name: &str) -> Result<Word> {
        let Some(word) = self.words.iter().find(|word| word.name == name).copied() else {
            let known: Vec<_> = self.words.iter().map(|word| word.name).collect();
            return self.bad(tree, format!("`{name}` is not known here; known are {}", known.join(", ")));
        };
        if !self.spoken_of.contains(&word.name) {
            self.spoken_of.push(word.name);
        }
        Ok(word)
    }

    /// The table that this names, if it names one.
    fn table(&mut self, tree: &IdedExpr) -> Option<Word> {
        let Expr::Ident(name) = &tree.expr else { return None };
        let is_held = self.held.iter().any(|(held, _)| held == name);
        let word = self.words.iter().find(|word| word.name == name && word.kind != Kind::Value)?;
        if is_held { None } else { self.word(tree, word.name).ok() }
    }

    /// A field of a table or a record, which must be one of its own.
    fn field(&mut self, tree: &IdedExpr, word: Word, name: &str, says: Says) -> Result<&'static str> {
        if let Kind::Record { fields, identity } = word.kind {
            if !fields.contains(&name) {
                let what = format!("`{}` has no `{name}`; it has {}", word.name, fields.join(", "));
                return self.bad(tree, what);
            }
            if identity.contains(&name) && says == Says::Asks {
                let what = format!(
                    "no-literal-tenant: `{}.{name}` may be written, as it is or beside other text, and not asked \
                     about. Let the plan, a setting or a fact say what varies",
                    word.name
                );
                return self.bad(tree, what);
            }
        }
        Ok(word.name)
    }

    fn select(&mut self, tree: &IdedExpr, select: &SelectExpr, says: Says) -> Result<Node> {
        let name: Box<str> = select.field.as_str().into();
        if let Some(word) = self.table(&select.operand) {
            let says = if select.test { Says::It } else { says };
            let table = self.field(tree, word, &name, says)?;
            return Ok(if select.test { Node::HasField(table, name) } else { Node::Field(table, name) });
        }
        let of = self.boxed(&select.operand)?;
        Ok(if select.test { Node::Has(of, name) } else { Node::Select(of, name) })
    }

    fn map(&mut self, tree: &IdedExpr, map: &MapExpr) -> Result<Node> {
        let mut members = Vec::with_capacity(map.entries.len());
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else { return self.bad(tree, "this is no map") };
            members.push([self.node(&entry.key, Says::Asks)?, self.node(&entry.value, Says::Asks)?]);
        }
        Ok(Node::Map(members.into()))
    }

    fn two(&mut self, call: &CallExpr, says: Says) -> Result<Box<[Node; 2]>> {
        Ok(Box::new([self.node(&call.args[0], says)?, self.node(&call.args[1], says)?]))
    }

    fn call(&mut self, tree: &IdedExpr, call: &CallExpr, says: Says) -> Result<Node> {
        let asks = Says::Asks;
        Ok(match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, [_, _]) => Node::And(self.two(call, asks)?),
            (operators::LOGICAL_OR, [_, _]) => Node::Or(self.two(call, asks)?),
            (operators::LOGICAL_NOT, [of]) => Node::Not(self.boxed(of)?),
            (operators::NEGATE, [of]) => Node::Negate(self.boxed(of)?),
            (operators::NOT_STRICTLY_FALSE, [of]) => Node::NotFalse(self.boxed(of)?),
            (operators::CONDITIONAL, [asked, then, otherwise]) => Node::If(Box::new([
                self.node(asked, asks)?,
                self.node(then, says)?,
                self.node(otherwise, says)?,
            ])),
            (operators::EQUALS, [_, _]) => Node::Equal(self.two(call, asks)?),
            (operators::NOT_EQUALS, [_, _]) => Node::Differ(self.two(call, asks)?),
            (operators::LESS, [_, _]) => Node::Order(Order::Less, self.two(call, asks)?),
            (operators::LESS_EQUALS, [_, _]) => Node::Order(Order::LessOrEqual, self.two(call, asks)?),
            (operators::GREATER, [_, _]) => Node::Order(Order::Greater, self.two(call, asks)?),
            (operators::GREATER_EQUALS, [_, _]) => Node::Order(Order::GreaterOrEqual, self.two(call, asks)?),
            (operators::ADD, [_, _]) => self.add(call, says)?,
            (operators::SUBSTRACT, [_, _]) => Node::Reckon(Sum::Subtract, self.two(call, asks)?),
            (operators::MULTIPLY, [_, _]) => Node::Reckon(Sum::Multiply, self.two(call, asks)?),
            (operators::DIVIDE, [_, _]) => Node::Reckon(Sum::Divide, self.two(call, asks)?),
            (operators::MODULO, [_, _]) => Node::Reckon(Sum::Remainder, self.two(call, asks)?),
            (operators::INDEX, [of, at]) => self.index(tree, of, at, says)?,
            (operators::IN, [item, of]) => self.is_in(item, of)?,
            ("matches", [pattern]) if call.target.is_some() => self.matches(tree, call, pattern)?,
            (name, arguments) => self.function(tree, name, call, arguments, says)?,
        })
    }

    /// `+`; and what a loop adds to the list that it gathers, which is done in place.
    fn add(&mut self, call: &CallExpr, says: Says) -> Result<Node> {
        if let (Expr::Ident(name), Expr::List(list)) = (&call.args[0].expr, &call.args[1].expr)
            && let Some((_, slot)) = self.held.iter().rev().find(|(held, _)| held == name)
            && name.starts_with('@')
            && let [item] = list.elements.as_slice()
        {
            let slot = *slot;
            return Ok(Node::Push(slot, self.boxed(item)?));
        }
        Ok(Node::Reckon(Sum::Add, self.two(call, says)?))
    }

    fn index(&mut self, tree: &IdedExpr, of: &IdedExpr, at: &IdedExpr, says: Says) -> Result<Node> {
        let name = match &at.expr {
            Expr::Literal(LiteralValue::String(name)) => Some(name.inner()),
            _ => None,
        };
        match (self.table(of), name) {
            (Some(word), Some(name)) => {
                let table = self.field(tree, word, name, says)?;
                Ok(Node::Field(table, name.into()))
            }
            (Some(Word { name, kind: Kind::Table }), None) => {
                Ok(Node::Index(Box::new([Node::Table(name), self.node(at, Says::Asks)?])))
            }
            (Some(word), None) => self.bad(tree, format!("a field of `{}` is called by its name", word.name)),
            (None, Some(name)) => {
                Ok(Node::Index(Box::new([self.node(of, Says::Asks)?, Node::Text(name.into())])))
            }
            (None, None) => {
                Ok(Node::Index(Box::new([self.node(of, Says::Asks)?, self.node(at, Says::Asks)?])))
            }
        }
    }

    fn is_in(&mut self, item: &IdedExpr, of: &IdedExpr) -> Result<Node> {
        let Some(Word { name, .. }) = self.table(of) else {
            return Ok(Node::In(Box::new([self.node(item, Says::Asks)?, self.node(of, Says::Asks)?])));
        };
        let item = match &item.expr {
            Expr::Literal(LiteralValue::String(text)) => Node::Text(text.inner().into()),
            _ => self.node(item, Says::Asks)?,
        };
        Ok(Node::In(Box::new([item, Node::Table(name)])))
    }

    /// A pattern is compiled once, when the expression is written.
    fn matches(&mut self, tree: &IdedExpr, call: &CallExpr, pattern: &IdedExpr) -> Result<Node> {
        let Expr::Literal(LiteralValue::String(text)) = &pattern.expr else {
            return self.bad(pattern, "a pattern stands there as text, so that it can be checked");
        };
        let bare = text.inner().trim_start_matches('^').trim_end_matches('$');
        self.texts.push(bare.replace('\\', ""));
        let compiled = compiled(text.inner()).or_else(|error| self.bad(pattern, error))?;
        match &call.target {
            Some(target) => Ok(Node::Matches(self.boxed(target)?, Box::new(compiled))),
            None => self.bad(tree, "this matches nothing"),
        }
    }

    fn function(
        &mut self,
        tree: &IdedExpr,
        name: &str,
        call: &CallExpr,
        arguments: &[IdedExpr],
        says: Says,
    ) -> Result<Node> {
        let Some(known) = Call::find(name, call.target.is_some(), arguments.len()) else {
            return self.bad(tree, format!("there is no function `{name}` for this many arguments"));
        };
        // Text that is made of a text is the same text.
        let says = if known == Call::Text { says } else { Says::Asks };
        let target = call.target.as_deref();
        let all = target.into_iter().chain(arguments).map(|argument| self.node(argument, says));
        Ok(Node::Call(known, all.collect::<Result<_>>()?))
    }

    fn around(&mut self, tree: &IdedExpr, around: &ComprehensionExpr) -> Result<Node> {
        if around.iter_var2.is_some() {
            return self.bad(tree, "a loop has one name for its item");
        }
        let over = self.node(&around.iter_range, Says::Asks)?;
        if self.loops == MOST_LOOPS {
            return self.bad(tree, format!("loops may lie {MOST_LOOPS} deep in each other"));
        }
        let slot = 2 * self.loops;
        let begin = self.node(&around.accu_init, Says::Asks)?;
        self.loops += 1;
        self.most_loops = self.most_loops.max(self.loops);
        self.held.push((around.accu_var.clone(), slot + 1));
        self.held.push((around.iter_var.clone(), slot));
        let goes_on = self.node(&around.loop_cond, Says::Asks)?;
        let step = self.node(&around.loop_step, Says::Asks)?;
        self.held.pop();
        let result = self.node(&around.result, Says::Asks)?;
        self.held.pop();
        self.loops -= 1;
        Ok(Node::Loop(Box::new(Loop { over, slot, begin, goes_on, step, result })))
    }
}

/// The pattern, over bytes: classes such as `\w` are those of ASCII.
fn compiled(pattern: &str) -> std::result::Result<Regex, String> {
    let built = RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(MOST_PATTERN)
        .dfa_size_limit(MOST_PATTERN)
        .nest_limit(32)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "this pattern is too large".to_owned(),
        other => {
            format!("this is no pattern: {}", other.to_string().lines().last().unwrap_or_default().trim())
        }
    })
}
