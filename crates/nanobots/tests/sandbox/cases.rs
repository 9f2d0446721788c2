//! Attempts to get out of the sandbox, to exhaust the host, or to poison what others share.

use std::time::Duration;

use botsmith_nanobots::sandbox::{Function, Language, Limits, SandboxError, run};
use serde_json::json;

/// How an attempt must end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// Over the limit of instructions.
    Instructions,
    /// Over the limit of memory.
    Memory,
    /// Over some limit: which one comes first does not matter.
    Cap,
    /// Refused by the compiler, with these words.
    Compile(&'static str),
    /// An error of the code, whose text holds this.
    Says(&'static str),
    /// Harmless: exactly this value.
    Gives(&'static str),
}
use End::{Cap, Compile, Gives, Instructions, Memory, Says};

/// Small limits, so that each attempt is over soon.
pub(crate) fn limits() -> Limits {
    Limits {
        instructions: 2_000_000,
        memory: 8 << 20,
        time: Duration::from_secs(4),
        output: 64 << 10,
        basics: true,
    }
}

pub(crate) fn attempt(language: Language, source: &str) -> Result<String, SandboxError> {
    let values = [
        ("content", json!("text")),
        ("parameters", json!({"n": [1, 2]})),
    ];
    run(&Function::new(language, source), &values, true, &limits())
}

pub(crate) fn ends_as(end: End, result: &Result<String, SandboxError>) -> bool {
    match (end, result) {
        (Instructions, Err(SandboxError::Instructions(_)))
        | (Memory, Err(SandboxError::Memory(_)))
        | (
            Cap,
            Err(
                SandboxError::Instructions(_)
                | SandboxError::Memory(_)
                | SandboxError::Time(_)
                | SandboxError::Output(_),
            ),
        ) => true,
        (Compile(words), Err(SandboxError::Compile { message, .. })) => message.contains(words),
        (Says(words), Ok(text)) => text.contains(words),
        (Gives(value), Ok(text)) => text == value,
        _ => false,
    }
}

pub(crate) const LUA: &[(&str, &str, End)] = &[
    // What is not there.
    ("os", "return os.getenv('HOME')", Says("global 'os'")),
    (
        "io",
        "return io.open('/etc/passwd'):read('a')",
        Says("global 'io'"),
    ),
    (
        "debug",
        "return debug.getregistry()",
        Says("global 'debug'"),
    ),
    (
        "package",
        "return package.loaded.os",
        Says("global 'package'"),
    ),
    ("require", "return require('os')", Says("global 'require'")),
    ("load", "return load('return os')()", Says("global 'load'")),
    (
        "loadstring",
        "return loadstring('return 1')()",
        Says("global 'loadstring'"),
    ),
    (
        "dofile",
        "return dofile('/etc/passwd')",
        Says("global 'dofile'"),
    ),
    (
        "loadfile",
        "return loadfile('/etc/passwd')",
        Says("global 'loadfile'"),
    ),
    (
        "collectgarbage",
        "return collectgarbage('stop')",
        Says("global 'collectgarbage'"),
    ),
    (
        "print floods",
        "for i = 1, 1e9 do print(i) end",
        Says("global 'print'"),
    ),
    (
        "warn floods",
        "warn('@on') while true do warn('x') end",
        Says("global 'warn'"),
    ),
    (
        "string.dump",
        "return string.dump(function() end)",
        Says("field 'dump'"),
    ),
    (
        "coroutine hides from hooks",
        "return coroutine.wrap(function() while true do end end)()",
        Says("global 'coroutine'"),
    ),
    ("utf8", "return utf8.char(228)", Says("global 'utf8'")),
    (
        "setmetatable __gc",
        "setmetatable({}, {__gc = function() while true do end end})",
        Says("global 'setmetatable'"),
    ),
    (
        "setmetatable __index loop",
        "local t = {} setmetatable(t, {__index = t}) return t.x",
        Says("global 'setmetatable'"),
    ),
    (
        "setmetatable __len",
        "return table.insert(setmetatable({}, {__len = function() return 1 << 62 end}), 1, 1)",
        Says("global 'setmetatable'"),
    ),
    // Metatables of strings.
    (
        "getmetatable of strings",
        "getmetatable('').__index.rep = nil return 'poisoned'",
        Says("global 'getmetatable'"),
    ),
    (
        "string metatable by field",
        "return ('').__metatable",
        Gives(""),
    ),
    (
        "string metatable by index",
        "return (''):__index('upper')",
        Says("method '__index'"),
    ),
    (
        "poisoned string table",
        "string.upper = function() return 'mine' end return content:upper()",
        Gives("mine"),
    ),
    (
        "poisoned table table",
        "table.concat = nil return #table",
        Gives("0"),
    ),
    // Names of the environment.
    (
        "_G is the environment",
        "return _G._G == _G and _G.os",
        Gives(""),
    ),
    ("_ENV is the environment", "return _ENV.os", Gives("")),
    (
        "_ENV may be replaced",
        "local _ENV = {} return string",
        Gives(""),
    ),
    (
        "_ENV nil",
        "local _ENV <const> = nil return x",
        Says("attempt to index a nil value"),
    ),
    ("rawget on _G", "return rawget(_G, 'os')", Gives("")),
    (
        "rawset on _G stays here",
        "rawset(_G, 'os', 1) return os",
        Gives("1"),
    ),
    (
        "upvalues by name",
        "local a = string.format return rawequal(a, string.format)",
        Gives("true"),
    ),
    (
        "values of other calls",
        "leak = (leak or 0) + 1 return leak",
        Gives("1"),
    ),
    // Loops.
    ("tight loop", "while true do end", Instructions),
    (
        "for without end",
        "for i = 1, math.huge do end",
        Instructions,
    ),
    ("goto loop", "::a:: goto a", Instructions),
    ("repeat loop", "repeat until false", Instructions),
    (
        "mutual recursion by tail calls",
        "local a, b function a() return b() end function b() return a() end return a()",
        Instructions,
    ),
    (
        "loop in pcall",
        "while true do pcall(function() while true do end end) end",
        Instructions,
    ),
    (
        "nested pcall",
        "local function f() while true do pcall(f) end end f()",
        Cap,
    ),
    (
        "pcall of pcall",
        "while true do pcall(pcall, pcall, error) end",
        Instructions,
    ),
    (
        "error object of a cap",
        "local _, e = pcall(function() while true do end end) return type(e)",
        Instructions,
    ),
    (
        "xpcall handler loops",
        "return xpcall(function() error('x') end, function() while true do end end)",
        Instructions,
    ),
    (
        "xpcall handler of a cap loops",
        "xpcall(function() while true do end end, function() while true do end end)",
        Instructions,
    ),
    (
        "xpcall handler calls itself",
        "local function h(e) return xpcall(error, h, e) end return h('x')",
        Cap,
    ),
    (
        "error in error handler",
        "return (xpcall(error, error, 'x'))",
        Says("x"),
    ),
    (
        "error objects that are tables",
        "local ok, e = pcall(error, {code = 7}) return e.code",
        Gives("7"),
    ),
    ("error without end", "error(string.rep('x', 1e6))", Cap),
    (
        "__close",
        "local x <close> = {} return 1",
        Says("non-closable value"),
    ),
    (
        "sort comparator loops",
        "table.sort({3, 2, 1}, function() while true do end end)",
        Instructions,
    ),
    (
        "sort with an invalid order",
        "local t = {} for i = 1, 100 do t[i] = i % 7 end table.sort(t, function() return true end) return #t",
        Gives("100"),
    ),
    (
        "sort of what cannot be compared",
        "table.sort({1, 'a', {}})",
        Says("attempt to compare"),
    ),
    (
        "gsub callback loops",
        "return ('x'):gsub('.', function() while true do end end)",
        Instructions,
    ),
    (
        "gsub callback catches",
        "return (('xx'):gsub('.', function() return pcall(function() while true do end end) and '' end))",
        Instructions,
    ),
    (
        "pairs while writing",
        "local t = {1} for k in pairs(t) do t[k + 1] = k end",
        Cap,
    ),
    // Memory.
    ("string.rep bomb", "return string.rep('x', 1 << 30)", Cap),
    (
        "string.rep doubling",
        "local s = 'x' while true do s = s .. s end",
        Memory,
    ),
    (
        "string.rep overflow",
        "return string.rep('xx', math.maxinteger)",
        Says("resulting string too large"),
    ),
    (
        "string.rep of nothing for ever",
        "return string.rep('', math.maxinteger)",
        Gives(""),
    ),
    (
        "string.rep separator overflow",
        "return ('x'):rep(1 << 61, ('y'):rep(16))",
        Says("resulting string too large"),
    ),
    (
        "string.rep in pcall",
        "while true do pcall(string.rep, 'x', 1 << 28) end",
        Cap,
    ),
    (
        "huge table",
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        Cap,
    ),
    (
        "huge strings in a table",
        "local t = {} while true do t[#t + 1] = ('x'):rep(4000) .. #t end",
        Memory,
    ),
    (
        "memory error is caught",
        "local t = {} while true do pcall(function() while true do t[#t + 1] = ('x'):rep(9999) .. #t end end) t = {} end",
        Memory,
    ),
    (
        "nested tables",
        "local t = {} while true do t = {t, t} end",
        Cap,
    ),
    (
        "closures",
        "local f while true do local g = f f = function() return g end end",
        Cap,
    ),
    (
        "varargs",
        "return select('#', table.unpack({}, 1, 1e8))",
        Says("too many results"),
    ),
    (
        "concat of a long list",
        "local t = {} for i = 1, 1e5 do t[i] = ('x'):rep(100) end return table.concat(t)",
        Cap,
    ),
    ("result too long", "return ('x'):rep(100000)", Cap),
    (
        "result in circles",
        "local t = {} t.t = t t.u = t return t",
        Cap,
    ),
    (
        "wide result",
        "local t = {} for i = 1, 50000 do t[i] = 'xxxx' end return t",
        Cap,
    ),
    // Deep recursion.
    (
        "deep recursion",
        "local function f() return 1 + f() end return f()",
        Cap,
    ),
    (
        "deep recursion in pcall",
        "local function f() return pcall(f) end return f()",
        Says(""),
    ),
    ("deep nesting of parentheses", DEEP_LUA, Compile("overflow")),
    (
        "deep pattern",
        "return ('x'):rep(1e4):find(('x?'):rep(300) .. 'y')",
        Says("too complex"),
    ),
    // Patterns that C would match for ever.
    (
        "catastrophic pattern",
        "return ('a'):rep(30000):find(('.-'):rep(12) .. 'b')",
        Instructions,
    ),
    (
        "catastrophic match",
        "return ('a'):rep(5000):match(('a*'):rep(20) .. 'b')",
        Instructions,
    ),
    (
        "catastrophic gmatch",
        "for _ in ('a'):rep(9000):gmatch(('.*'):rep(9) .. 'b') do end",
        Instructions,
    ),
    (
        "catastrophic gsub",
        "return ('a'):rep(9000):gsub(('a-'):rep(9) .. 'b', '')",
        Instructions,
    ),
    (
        "balance without end",
        "return ('('):rep(50000):gsub('%b()', '')",
        Instructions,
    ),
    (
        "frontier without end",
        "return ('a '):rep(20000):find(('.-'):rep(6) .. '%f[%d]')",
        Instructions,
    ),
    (
        "empty matches",
        "local n = 0 for _ in ('x'):rep(9):gmatch('') do n = n + 1 end return n",
        Gives("10"),
    ),
    (
        "malformed set",
        "return ('x'):find('[a')",
        Says("missing ']'"),
    ),
    (
        "malformed end",
        "return ('x'):find('%')",
        Says("ends with '%'"),
    ),
    (
        "capture of nothing",
        "return ('x'):find('%1')",
        Says("invalid capture index"),
    ),
    (
        "many captures",
        "return ('x'):find(('()'):rep(40))",
        Says("too many captures"),
    ),
    (
        "bad replacement",
        "return ('x'):gsub('x', '%9')",
        Says("invalid capture index"),
    ),
    // Library functions that count far.
    (
        "table.move far",
        "return #table.move({}, 1, math.maxinteger - 1, 2)",
        Cap,
    ),
    (
        "table.move around",
        "return table.move({}, -1, math.maxinteger, 2)",
        Says("too many elements"),
    ),
    (
        "border without end",
        "local t = {1, 2, 3, 4, 5, 6, 7, 8} for k = 58, 1, -1 do t[8 << k] = 1 end t[9] = 1 table.insert(t, 1, 1) return 'inserted'",
        Cap,
    ),
    (
        "remove without end",
        "local t = {1, 2, 3, 4, 5, 6, 7, 8} for k = 58, 1, -1 do t[8 << k] = 1 end t[9] = 1 return table.remove(t, 1) and 'removed'",
        Cap,
    ),
    (
        "sort without end",
        "local t = {1, 2, 3, 4, 5, 6, 7, 8} for k = 58, 1, -1 do t[8 << k] = 1 end t[9] = 1 table.sort(t) return 'sorted'",
        Says("attempt to compare"),
    ),
    (
        "concat far",
        "return table.concat({}, 'x', 1, math.maxinteger)",
        Instructions,
    ),
    (
        "unpack far",
        "return table.unpack({}, 1, math.maxinteger)",
        Says("too many results"),
    ),
    (
        "byte far",
        "return select('#', ('x'):rep(2e6):byte(1, -1))",
        Says("too"),
    ),
    (
        "format width",
        "return ('%99999d'):format(1)",
        Says("invalid"),
    ),
    (
        "format precision",
        "return ('%.99999f'):format(1)",
        Says("invalid"),
    ),
    (
        "format of an address",
        "return ('%p'):format('x')",
        Says("'%p'"),
    ),
    (
        "format of an address, hidden",
        "return ('%%%-20p'):format(string)",
        Says("'%p'"),
    ),
    (
        "addresses of tables",
        "return tostring({}) .. ('%s'):format(string)",
        Gives("tabletable"),
    ),
    (
        "pack far",
        "return #string.pack('!16 c1000000000', 'x')",
        Cap,
    ),
    (
        "unpack of packed lies",
        "return string.unpack('s8', '\\255\\255\\255\\255\\255\\255\\255\\127')",
        Says("data string too short"),
    ),
    (
        "integer overflow",
        "return math.maxinteger + 1 == math.mininteger",
        Gives("true"),
    ),
    (
        "division of the smallest",
        "return math.mininteger // -1",
        Gives("-9223372036854775808"),
    ),
    (
        "modulo zero",
        "return 1 % 0",
        Says("attempt to perform 'n%0'"),
    ),
    // Chunks.
    (
        "byte code",
        "\x1bLua\x54\x00\x19\u{93}\r\n\x1a\n",
        Compile("binary chunk"),
    ),
    (
        "closing the wrapper",
        "return 1 end os.exit() do",
        Compile("expected near 'end'"),
    ),
    (
        "closing brackets",
        "local t, u = {[5] = 'in'}, {5} return t[u[1]]",
        Gives("in"),
    ),
    ("long brackets", "return [[ ]] .. 'x' --]]", Gives(" x")),
    (
        "attribs",
        "local x <const> = 1 x = 2",
        Compile("attempt to assign to const"),
    ),
];

pub(crate) const FENNEL: &[(&str, &str, End)] = &[
    ("os", "(os.getenv :HOME)", Compile("unknown identifier: os")),
    (
        "lua form",
        "(lua \"return os.getenv('HOME')\")",
        Compile("`lua` is closed"),
    ),
    (
        "lua form as a value",
        "(let [x (lua nil \"os\")] x)",
        Compile("`lua` is closed"),
    ),
    (
        "eval-compiler",
        "(eval-compiler (os.exit 1))",
        Compile("`eval-compiler` is closed"),
    ),
    (
        "macros",
        "(macros {:x (fn [] (os.exit 1))}) (x)",
        Compile("`macros` is closed"),
    ),
    (
        "macro",
        "(macro x [] (while true nil)) (x)",
        Compile("`macro` is closed"),
    ),
    (
        "import-macros",
        "(import-macros x :x)",
        Compile("`import-macros` is closed"),
    ),
    (
        "require-macros",
        "(require-macros :x)",
        Compile("`require-macros` is closed"),
    ),
    (
        "include",
        "(include :/etc/passwd)",
        Compile("`include` is closed"),
    ),
    (
        "macrodebug",
        "(macrodebug (when 1 2))",
        Compile("`macrodebug` is closed"),
    ),
    (
        "comment",
        "(comment \"]] os.exit() --[[\")",
        Compile("`comment` is closed"),
    ),
    ("quote", "`(os.exit)", Compile("closed")),
    ("unquote", ",(os.exit)", Compile("closed")),
    (
        "require",
        "(require :os)",
        Compile("unknown identifier: require"),
    ),
    (
        "_G",
        "(. _G :os :exit)",
        Says("attempt to index a nil value"),
    ),
    (
        "_ENV",
        "(_ENV.os.exit)",
        Says("attempt to index a nil value"),
    ),
    (
        "load",
        "(load \"return os\")",
        Compile("unknown identifier: load"),
    ),
    (
        "string literal",
        "\"\\\"..os.exit()..\\\"\"",
        Gives("\"..os.exit()..\""),
    ),
    (
        "broken string literal",
        "\"\\z\" os",
        Compile("unknown identifier: os"),
    ),
    ("name that is Lua", "(local os.exit 1)", Compile("")),
    (
        "closing the function",
        ") (os.exit",
        Compile("unexpected closing delimiter"),
    ),
    ("open form", "(fn [", Compile("")),
    ("loop", "(while true nil)", Instructions),
    ("recursion", "(fn f [] (f)) (f)", Instructions),
    (
        "caught loop",
        "(while true (pcall (fn [] (while true nil))))",
        Instructions,
    ),
    (
        "with-open",
        "(with-open [f (io.open :/etc/passwd)] (f:read :a))",
        Compile("unknown identifier: io"),
    ),
    (
        "pattern",
        "(string.find (string.rep :a 30000) (.. (string.rep :.- 12) :b))",
        Instructions,
    ),
    ("global mangling", "(global os {:x 1}) os.x", Gives("1")),
    (
        "set on string",
        "(set string.upper #:mine) (content:upper)",
        Gives("mine"),
    ),
    ("deep nesting", DEEP_FENNEL, Cap),
    ("assert-repl", "(assert-repl false)", Compile("")),
    (
        "tail!",
        "(tail! (os.exit))",
        Compile("unknown identifier: os"),
    ),
];

const DEEP_LUA: &str = parentheses(&[b'('; 500]);
const DEEP_FENNEL: &str = parentheses(&[b'('; 20_000]);

const fn parentheses(bytes: &'static [u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => unreachable!(),
    }
}
