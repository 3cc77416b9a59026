//! The rules: what attacks look like once nothing hides them, how sure a sign that is, and of which family. Few, each
//! with its reason to be there in the corpora beside this file; a sign that honest people give too weighs less, and
//! counts only beside another.

use super::Family::{self, Command, Lookup, Other, Path, Script, Sql, Template};

pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) family: Family,
    /// 5 is enough by itself.
    pub(super) score: u32,
    pub(super) pattern: &'static str,
}

const fn rule(name: &'static str, family: Family, score: u32, pattern: &'static str) -> Rule {
    Rule { name, family, score, pattern }
}

/// Over lower case, over bytes, with blanks ignored in the patterns.
#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    rule("sql.union", Sql, 5, r"\bunion(all|distinct)?select | \bunion\b [\s(]* (all|distinct)? [\s(]* \bselect\b [\s(]* [-+@\d'\x22*(`\w] [\w\x22'.`()]* \s* (,|from\b|--|\#|;|\x28|\)) | \bunion\b [\s(]+ (all|distinct)? [\s(]* \bselect\b \s* ([-+\d@'\x22(]|$)"),
    rule("sql.tautology", Sql, 5, r"['\x22`] \s* \)* \s* (\bor\b|\band\b|\bxor\b|\|\||&&) \s* \(* \s* (not\s+)? ((['\x22`] [^'\x22`]* ['\x22`]? | [-+]? [\d.]+) \s* \)* \s* (=|<|>|!=|\blike\b|\bis\b|\brlike\b|\bregexp\b|\bin\b|\bbetween\b|--|\#) | (\w+ \( [^)]* \) | true | false | null) \s* \)* \s* (=|<|>|!=|\blike\b|\bis\b|\bin\b|--|\#|$))"),
    rule("sql.number-tautology", Sql, 5, r"(^|[\s=(/]) -? \d+ \s* ['\x22)]* \s* (\bor\b|\band\b|\bxor\b|\|\||&&) \s* \(* \s* (['\x22]? \d+ ['\x22]? \s* (=|<|>|!=|\blike\b) \s* ['\x22]? \d | (select|sleep|benchmark|pg_sleep|exists|ascii|substr|substring|length|if|case) \b \s* [\s(])"),
    rule("sql.quoted-end", Sql, 5, r"[\w)] ['\x22] \s* \)* \s* (-- (\s|-|$) | \# \s* $ | ; \s* -- | /\* \s* $)"),
    rule("sql.bare-quoted-end", Sql, 5, r"^ \s* ['\x22] \s* \)* \s* (-- (\s|-|$)|\# \s* $|; \s* (--|$))"),
    rule("sql.named-tautology", Sql, 5, r"['\x22`] \s* \)* \s* (\bor\b|\band\b|\|\||&&) \s* [\w.]+ \s* (\blike\b|=|<>|\bin\b|\brlike\b|\bregexp\b) \s* \(? \s* ['\x22]"),
    rule("sql.stacked", Sql, 5, r"; \s* (select \s+ ([\w@*'\x22(`]+ \s* (,|=|from\b|\()|pg_sleep|sleep) | insert \s+ into | update \s+ [\w.`]+ \s+ set | delete \s+ from | drop \s+ (table|database|user|view|schema|index) | create \s+ (table|user|database|procedure|function|alias) | alter \s+ (table|user|database|login) | truncate \s+ (table\s+)? \w+ \s* (;|--|$) | exec (ute)? [\s(]+ (master|sp_|xp_|\(|@|immediate) | declare \s+ @ | shutdown \s* (;|--|with|$) | waitfor \s+ (delay|time) | grant \s+ \w+ \s+ (on|to) | merge \s+ into | copy \s+ \w+ \s+ (from|to))"),
    rule("sql.subselect", Sql, 5, r"\( \s* select \b \s* [^)]* (\bfrom\b|\(|@@|\d)"),
    rule("sql.select-from", Sql, 5, r"\b select \b [^;]* \b from [\s`\x22(]+ (information_schema|sys\.|sysobjects|syscolumns|pg_catalog|pg_shadow|pg_user|mysql\.|dual\b|sqlite_master|master\.\.|all_tables|user_tables|msysobjects|users\b|user\b|admin\w*\b|accounts?\b|members?\b|passwords?\b|credentials\b|v\$version)"),
    rule("sql.select-odd", Sql, 5, r"\b select ( [-~@] [^\s]* | \\n | - \w+ - \d+ \. | [\s+]+ [\w*,@.()]+ [\s+]+ ) \s* from \s* [`(]"),
    rule("sql.select-hidden", Sql, 5, r"\bselect ([~@-] | -?\d) [\w.^~@-]* \s* from ` | select \\n from"),
    rule("sql.slow", Sql, 5, r"\b (sleep|benchmark|pg_sleep|dbms_pipe\.receive_message|dbms_lock\.sleep|randomblob|generate_series) \( \s* [\d('\x22] | \bwaitfor \s+ (delay|time) \s* ['\x22(]"),
    rule("sql.functions", Sql, 5, r"\b (extractvalue|updatexml|load_file|xp_cmdshell|xp_dirtree|xp_regread|sp_executesql|sp_oacreate|utl_http\.request|utl_inaddr\.\w+|group_concat|fn_virtualfilestats|openrowset|dbms_xmlgen\.\w+|ctxsys\.\w+|lo_import|lo_export|pg_read_file|gtid_subset|json_keys\s*\(\s*\(\s*select|xmltype) \s* \("),
    rule("sql.procedures", Sql, 5, r"\b (exec(ute)?\s+ (master\s*\.\s*\w*\s*\.\s*)? (xp|sp)_\w+ | master\.\.xp_ | sys\.fn_\w+ | information_schema\s*\.\s*(tables|columns|schemata) )"),
    rule("sql.into-file", Sql, 5, r"\binto \s+ (out|dump)file \b"),
    rule("sql.order", Sql, 5, r"['\x22)] \s* (order|group) \s+ by \s+ \d+ | \b \d+ \s+ (order|group) \s+ by \s+ \d+ \s* (--|\#|,|$) | ['\x22)\d] \s+ having \s+ \d+ \s* = \s* \d"),
    rule("sql.schema", Sql, 3, r"\b (information_schema|sqlite_master|pg_catalog|pg_shadow|sysobjects|syscolumns|@@version|@@datadir)"),
    rule("sql.quoted-question", Sql, 5, r"['\x22)] \s* (\band\b|\bor\b|\bxor\b|&&|\|\|) \s* \(* \s* (select|ascii|substr|substring|mid|exists|length|if|case\s+when|char|chr|sleep|benchmark|extractvalue|updatexml|database|version|user|current_user|row|ord|hex|pg_sleep|not\s+exists) \s* \( "),
    rule("sql.glue", Sql, 5, r"['\x22] \s* (\|\||\+|;) \s* \(? \s* (select|char|chr|concat|version|user|database|current_user|sleep|waitfor|pg_sleep|exec|utl_inaddr) \b"),
    rule("sql.char", Sql, 3, r"\b (char|chr|unhex|concat|concat_ws) \s* \( \s* (0x[0-9a-f]{2}|\d{2,3} \s* [,)])"),
    rule("sql.operators", Sql, 5, r"['\x22] \s* (\*|-|\^|%|\+|/|=|&|\||<=>|<>|!=|:=|\bdiv\b|\bmod\b|\blike\b|\bis\s+not\b|\brlike\b|\bregexp\b|\bsounds\s+like\b) \s* ['\x22] \s* (--|\#|$|\d)"),
    rule("sql.procedure-analyse", Sql, 5, r"\bprocedure \s+ analyse \s* \("),
    rule("sql.parted", Sql, 5, r"un<>ion | sel<>ect | \buni(/|\\)on\b .* sel(/|\\)ect"),

    rule("script.tag", Script, 5, r"< \s* /? \s* (\w+:)? script \b"),
    rule("script.handler", Script, 5, r"< [a-z!/?] [^>]* [\s/\x22'`] on[a-z]{3,25} \s* ="),
    rule("script.break-out", Script, 5, r"[\x22'`] [\s/]* ([\w-]+ [\s/]+){0,3} on (error|load\w*|click|dblclick|focus\w*|blur|mouse\w+|key\w+|toggle|begin|end|repeat|start|finish|animation\w+|transition\w+|pointer\w+|wheel|input|change|submit|reset|drag\w*|drop|copy|cut|paste|resize|scroll\w*|hashchange|pageshow|pagehide|popstate|message|show|play\w*|canplay\w*|ended|select\w*|search|unload|beforeunload|contextmenu|touch\w+|auxclick|readystatechange|propertychange) \s* = \s* \S"),
    rule("script.address", Script, 5, r"(j\s*a\s*v\s*a|v\s*b|l\s*i\s*v\s*e) \s* s\s*c\s*r\s*i\s*p\s*t \s* : \s* (/[/*] | [^\s]* [(\[`={;%] | \w+ \s* \()"),
    rule("script.element", Script, 5, r"< \s* (iframe|object|embed|applet|meta|base|form|svg|math|link|isindex|marquee|video|audio|source|details|frameset|frame|img|image|input|button|body|html|bgsound|layer|animate\w*|set|portal|a|table|td|div|xss|style|template|x|select|textarea|keygen|noscript|title) \b [^>]* (src|href|data|action|formaction|content|srcdoc|style|xlink:href|values|from|to|background|dynsrc|lowsrc|poster|code|codebase|classid|http-equiv|is) \s* = \s* [\x22'`]? \s* (j\s*a\s*v\s*a|v\s*b|data\s*:|x\b|https?:|//|/|\#|expression|url\s*\(|1\b|refresh|[\x22'])"),
    rule("script.empty-element", Script, 5, r"< \s* (iframe|object|embed|applet|frameset|marquee|svg|math|noembed|xmp|plaintext) [\s/]* (>|$)"),
    rule("script.data", Script, 5, r"\bdata \s* : \s* (text/(html|xml|javascript)|image/svg\+?\s?xml|application/(xhtml|javascript|x-javascript)) \s* [;,+]"),
    rule("script.style", Script, 5, r"(style|behaviou?r) \s* [=:] \s* [\x22']? [^>]* (expression \s* \(|-moz-binding|behaviou?r \s* : \s* url|url \s* \( \s* [\x22']? \s* javascript) | @import \s* [\x22'(]"),
    rule("script.document", Script, 3, r"\b (document|window|self|top|parent|this|globalthis) \s* (\.|\[) \s* [\x22'`]? (cookie|domain|write(ln)?|location|eval|alert|name|localstorage|body\s*\.)"),
    rule("script.call", Script, 5, r"(^|[\x22'`;({}\s,>+*/-]) (alert|confirm|prompt|eval|atob|settimeout|setinterval|fetch|import|function) (\( \s* [\x22'`/\d\w)] [^()]* \)? | \s+ \( \s* [\x22'`/] [^()]* \) | ` [^`]* `) \s* ([;)\x22'`}<+\-*/,\]]|//|$)"),
    rule("script.odd", Script, 5, r"(\[\]\[\(!\[\]\+\[\]\)|\(!\[\]\+\[\]\)\[|fromcharcode \s* \(|\bconstructor \s* (\.|\[) \s* [\x22'`]? constructor | \[\x22 (constructor|alert|eval|\\) | \bsrcdoc \s* = |<!\[cdata\[|<!entity|<!doctype \s+ \w+ \s* \[|<\?xml-stylesheet | <!--\s*\#\s*(exec|include|echo|printenv|config|set)\b)"),

    rule("path.climbs-twice", Path, 5, r"\.\.+ [;\s]* [\\/]+ [^?&]* \.\.+ [;\s]* ([\\/]|$) | \.\.\.\.[\\/]+"),
    rule("path.climbs", Path, 3, r"(^|[\\/=:]) \.\. ([\\/]|$)"),
    rule("path.file", Path, 5, r"(^|^file:|[\\/]{2}|\.[\\/]|=|:|^\S*) [\\/]* (\b(etc[\\/]+(passwd|shadow|hosts|group|issue|crontab|ssh|mysql|apache2|nginx|httpd)\b|proc[\\/]+(self|\d+)[\\/]+(environ|cmdline|fd|maps|status)|proc[\\/]+version|windows[\\/]+(win\.ini|system32|system\.ini|php\.ini)|winnt[\\/]+|boot\.ini\b|win\.ini\b|web-inf[\\/]+|meta-inf[\\/]+|var[\\/]+log[\\/]+(apache|nginx|httpd|auth|messages|mail)|var[\\/]+www[\\/]+.*\.(php|conf)|ntuser\.dat|autoexec\.bat|inetpub[\\/]+)|\.git[\\/]+(config|head|index)|\.ssh[\\/]+(id_|authorized_keys))"),
    rule("path.hidden-file", Path, 5, r"(^|[\\/]) (\.env(\.\w+)?|\.htpasswd|\.htaccess|\.aws[\\/]+credentials|\.docker[\\/]+config\.json|\.npmrc|\.bash_history|id_rsa|id_dsa|wp-config\.php(\.\w+)?|web\.config|config\.php\.bak|\.ds_store|\.svn[\\/]+entries|server\.xml|tomcat-users\.xml) $"),
    rule("path.globbed-file", Path, 5, r"[\\/] [\w?*\[\]]* [?*] [\w?*]* [\\/] [\w?*\[\]]* (pass?|assw|\?\?ss|swd|sswd|wd\b) [\w?*]* | [\\/]e[\w?*]{0,2}[\\/] (p|\?|\*)[\w?*]*ss[\w?*]*"),
    rule("path.wrapper", Path, 5, r"(^|=|\s|/) (php://(filter|input|output|fd|memory|temp)|phar://|zip://|rar://|ogg://|glob://|expect://|compress\.\w+://|file:/{1,3}[\w.]|gopher://|dict://|jar:(https?|file):|netdoc:|ldaps?://\S|tftp://|sftp://)"),
    rule("path.share", Path, 5, r"^ \\\\ [\w.:-]+ \\ [\w$]+"),

    rule("command.plain", Command, 5, r"(^|[;|&`\n({] | \$\() \s* (\w+=\S*\s+)? (/?(usr/)?(local/)?s?bin/)? (whoami|uname|ifconfig|nslookup|netcat|ncat|powershell(\.exe)?|pwsh|cmd\.exe|certutil|bitsadmin|wmic|schtasks|systeminfo|tasklist|phpinfo) \b \s* (-\w|/\w|\||;|&|`|\)|>|<|$|http|\d|[\w.-]+\.\w+|\x22|')"),
    rule("command.argued", Command, 5, r"([;|&`\n({] | \$\() \s* (/?(usr/)?(local/)?s?bin/)? (cat|ls|id|wget|curl|nc|bash|sh|zsh|ksh|dash|python[23]?|perl|ruby|php|node|cmd|ping|dig|host|ip|ps|kill|rm|mv|cp|chmod|chown|touch|echo|printf|env|sleep|tftp|ftp|ssh|scp|telnet|base64|xxd|od|head|tail|more|less|tee|dir|type|net|reg|sc|find|grep|awk|sed|sort|rev|wc|cut|export|source|eval|exec|netstat|lsof|mkfifo|socat|nohup|sudo|su|id\w*|pwd|set|vol|ver|del|copy|start) (\s+ (-\w|/([\w?*.]|\s|$)|\$|\d+\b|\.{1,2}/|['\x22`]|https?:|[\w.-]+\.(sh|txt|php|py|pl|exe|com|net|org)\b|\w:\\|%\w+%|<) | \s* (>|<[\w/&(]) | \$\{?ifs | \{|,)"),
    rule("command.bare", Command, 5, r"(\$\(|`) \s* (/?(usr/)?s?bin/)? (id|sleep\s+\d+|cat\s+\S+|uname|hostname|whoami|curl\s+\S+|wget\s+\S+|nc\s+\S+|ping\s+\S+|echo\s+\S+|printf\s+\S+|ls\s+\S+) [^)`]* (\)|`) | \$\( \s* (ls|pwd|ps|env|dir|bash|sh) \s* \)"),
    rule("command.bare-end", Command, 5, r"((^|[^\w\s,;|&]|\d|%) \s* (;|\|\|?|&&) \s* (id|ls|pwd|ps|env|dir) | (;|\|\|?|&&) \s* (whoami|hostname|reboot|netstat|ipconfig|ifconfig|uname)) \s* (;|\||&|\#|$)"),
    rule("command.shell-path", Command, 5, r"(^|[\s;|&`\x22'=(]) /(usr/)?(local/)?s?bin/ (\w+|[\w?*]*[?*][\w?*]*) (\s|$|;|\||&|-) | /\?+[\w?]*/\?*[\w?]+ \s | /dev/(tcp|udp)/ | \b(ba|z|k|da)?sh \s+ -[ci] \b"),
    rule("command.reads", Command, 5, r"\b (cat|tac|more|less|head|tail|nl|od|xxd|strings|type|cp|vi|vim|nano|rev|sort|base64) [\s$\{\}ifs+]+ [\w?*'\x22\\$\{\}.-]* /+ (e[\w?*'\x22\\]*c|etc|proc|var|home|root|\?)[\w?*'\x22\\$\{\}]* /+ \S"),
    rule("command.shellshock", Command, 5, r"\( \s* \) \s* \{ [^}]* ; \s* \} \s* ;"),
    rule("command.blank", Command, 5, r"\$ \{? ifs \b | \$u \s* /?etc | \bcat\$ | \{ (cat|ls|echo|wget|curl|ping|nc|id|bash|sh) , [^}]+ \}"),
    rule("command.redirects", Command, 5, r"(>|<|2>&1|&>) \s* /(dev|etc|tmp|proc|var|home|root)/ | \| \s* (bash|sh|zsh|python\d?|perl|php|base64|rev|xxd|tee|nc) \s* (-\w+)? \s* (\||;|$|\)|&|`)"),
    rule("command.windows", Command, 5, r"\b (powershell|pwsh)(\.exe)? \s+ -(e|en|enc\w*|nop\w*|noni\w*|w|c|command|executionpolicy|ep|version)\b | \bcmd(\.exe)? \s* /[ckr] \b | \b(invoke-(expression|webrequest|command)|new-object\s+(system\.)?net\.webclient|downloadstring\s*\(|iex\s*\() | & \s* (dir|type|ipconfig|net\s+user|whoami|ping) \b"),
    rule("command.code", Command, 5, r"\b (base64_decode|shell_exec|passthru|proc_open|popen|pcntl_exec|phpinfo|call_user_func\w*|create_function|file_put_contents|os\.(system|popen)|subprocess\.\w+|__import__|require\s*\(\s*['\x22]child_process['\x22]\s*\)|child_process|execsync|runtime\.getruntime|getruntime\s*\(\s*\)|processbuilder) \s* [(.)] | <\?(php|=|\s) | <%[=@!\s] | \b(system|exec|assert|include|require(_once)?) \s* \( \s* ['\x22$]"),

    rule("lookup.jndi", Lookup, 5, r"\$ \{ [^}]* (jndi|\$\s*\{) | \$ \{ \s* (lower|upper|env|sys|java|ctx|main|bundle|date|base64|::-|:-) \s* :? [^}]* \} .* (jndi|ldaps?|rmi|dns|iiop)\b | \$%7b | \bjndi \s* : \s* (ldaps?|rmi|dns|iiop|nis|corba|http)"),
    rule("lookup.value", Lookup, 5, r"\$ \{ \s* (env|sys|java|ctx|k8s|docker|web|spring|bundle|main|log4j|date|sd|map|marker) : [^}]* \}"),

    rule("template.reach", Template, 5, r"(\{\{|\{%|\$\{|\#\{|<%=?|<\#\w+|\*\{|@\(|%\{|\[\[) .* (__class__|__mro__|__subclasses__|__globals__|__builtins__|__init__|\bconstructor\b|\brequest\s*[.\[|]|\bconfig\s*[.\[]|config\.items|\bself\s*\.|getclass|forname|\bruntime\b|processbuilder|execute|freemarker|\bsystem\s*\(|\bpopen\b|class\.(classloader|module)|java\.lang|memberaccess|\bdir\s*\(|lipsum|cycler|joiner|_context|registerundefinedfiltercallback|\.env\b|\bfile\s*\.\s*(open|read)|\bio\.popen|debug\b|settings\.)"),
    rule("template.sum", Template, 5, r"(\{\{|\$\{\{?|\#\{|<%=|\*\{|@\(|\[\[) \s* ['\x22]? \d+ ['\x22]? \s* [*+] \s* ['\x22]? \d+ ['\x22]? \s* (\}\}?|%>|\)|\]\])"),
    rule("template.java", Template, 5, r"(@java\.lang|\#_memberaccess|\#context\[|java\.lang\.(runtime|processbuilder|class|system)|org\.springframework|javax\.(naming|script)|com\.sun\.(rowset|jndi)|class\.module\.classloader|\(\#\w+=|t\s*\(\s*java\.|ognl\.|\.getclass\(\))"),

    rule("other.nul", Other, 5, r"\A\x00nul"),
    rule("other.new-header", Other, 5, r"[\r\n] \s* (set-cookie|location|content-(type|length|disposition|security-policy)|transfer-encoding|x-[\w-]+|refresh|access-control-[\w-]+|host|connection|referer|user-agent|link|bcc|cc|to|from|subject|reply-to|mime-version|http/1) \s* (:|\.) | \A\r?\n\s*<"),
    rule("other.document", Other, 5, r"<! \s* (doctype|entity|element|attlist|notation) \b [^>]* (\[|system|public|%|\x22) | <\?xml \b | \bxinclude\b | <xsl:"),
    rule("other.prototype", Other, 5, r"\b__proto__\b | \bconstructor \s* (\.|\[) \s* ['\x22]? prototype"),
    rule("other.nosql", Other, 5, r"\[ \s* ['\x22]? \$ (ne|eq|gt|gte|lt|lte|in|nin|regex|where|exists|or|and|not|elemmatch|expr|func) | ['\x22{,] \s* ['\x22]? \$ (ne|eq|gt|gte|lt|lte|in|nin|regex|where|exists|or|and|not|expr|func) ['\x22]? \s* : | \b(db\.\w+\.(find|insert|drop|remove|update)|this\.\w+\.match|tojson(object)?\(|sleep\(\d+\))|['\x22]\s*;\s*(return|while|var|it=)"),
    rule("other.ldap", Other, 5, r"\* \s* \) \s* \( | \) \s* \( \s* [|&!] | \( \s* [|&!] \s* \( [\w-]+ \s* [=~<>]* | \) \( [\w-]+ = \*? \)? | \*\)\)%00"),
    rule("other.inside", Other, 5, r"(https?|ftp|ws)://( [^/@\s]*@ )? (169\.254\.169\.254|metadata\.(google\.internal|azure|packet)|100\.100\.100\.200|192\.0\.0\.192|\[?(::1|::ffff:|fd00:ec2::254)|0x7f|2130706433|0177\.|127\.\d+\.\d+\.\d+\D*(:|/)|0\.0\.0\.0)"),
    rule("other.mail", Other, 5, r"[\r\n] \s* (mail\s+from|rcpt\s+to|data|helo|ehlo|quit|rset|auth\s+login) \b"),
];
