//! The sandbox holds: attempts to escape or exhaust end in a named error, or in a value that does no harm.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "lua")]

use std::time::{Duration, Instant};

use botsmith_core::chat::{Call, CancelToken};
use botsmith_nanobots::sandbox::{
    Function, Language, Limits, SandboxError, run, run_async, run_within,
};
use serde_json::json;

#[path = "sandbox/cases.rs"]
mod cases;

fn table(language: Language, cases: &[(&str, &str, cases::End)]) {
    let mut wrong = Vec::new();
    for (name, source, end) in cases {
        let start = Instant::now();
        let result = cases::attempt(language, source);
        let took = start.elapsed();
        let fits = cases::ends_as(*end, &result);
        if !fits || took > cases::limits().time + Duration::from_secs(4) {
            let mut shown = format!("{result:?}");
            shown.truncate(300);
            wrong.push(format!("{name}: wanted {end:?}, got {shown} in {took:?}"));
        }
    }
    assert!(wrong.is_empty(), "{language}:\n{}", wrong.join("\n"));
}

#[test]
fn attempts_in_lua_end_within_the_caps() {
    table(Language::Lua, cases::LUA);
}

#[test]
fn attempts_in_fennel_end_within_the_caps() {
    table(Language::Fennel, cases::FENNEL);
}

#[test]
fn there_are_at_least_forty_attempts() {
    assert!(cases::LUA.len() + cases::FENNEL.len() >= 40);
}

fn lua(source: &str) -> Result<String, SandboxError> {
    let values = [
        ("content", json!("Ärger")),
        (
            "parameters",
            json!({"city": "Rio", "days": [1, 2.5, null], "none": null}),
        ),
        ("parameters-as-json", json!("{}")),
    ];
    run(
        &Function::new(Language::Lua, source),
        &values,
        true,
        &Limits::default(),
    )
}

#[test]
fn results_are_text() {
    for (source, text) in [
        ("return 42", "42"),
        ("return 2.5", "2.5"),
        ("return 10 / 2", "5.0"),
        ("return nil", ""),
        ("return", ""),
        ("return true, 'second'", "true"),
        ("return 'x\\255y'", "x\u{fffd}y"),
        ("return {}", "{}"),
        ("return {1, 'a', false}", "[1,\"a\",false]"),
        ("return {b = 1, a = {2}}", "{\"a\":[2],\"b\":1}"),
        ("return {1, nil, 3}", "{\"1\":1,\"3\":3}"),
        ("return parameters.city", "Rio"),
        ("return parameters.days[2] + parameters.days[1]", "3.5"),
        (
            "return parameters.none == nil and parameters.days[3] == nil",
            "true",
        ),
        ("return parameters", "{\"city\":\"Rio\",\"days\":[1,2.5]}"),
        ("return parameters_as_json", "{}"),
        ("return string.upper", "function"),
        ("error('plain', 0)", "plain"),
        ("error('placed')", "lua:1: placed"),
        ("\nerror({code = 1})", "{\"code\":1}"),
        ("return #content", "6"),
    ] {
        assert_eq!(lua(source).as_deref(), Ok(text), "{source}");
    }
}

/// Expected values are those of Lua 5.4.
#[test]
fn library_functions_of_our_own_do_what_luas_do() {
    for (source, text) in [
        ("return ('hello'):find('l')", "3"),
        (
            "return table.concat({('hello'):find('(l)(l)')}, ',')",
            "3,4,l,l",
        ),
        ("return table.concat({('hello'):find('', 10)}, ',')", ""),
        ("return table.concat({('hello'):find('', 6)}, ',')", "6,5"),
        ("return ('hello'):find('xyz') == nil", "true"),
        ("return ('a.b'):find('.', 2, true)", "2"),
        ("return ('hello'):find('l', -2)", "4"),
        ("return ('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "key"),
        ("return ('  trim  '):match('^%s*(.-)%s*$')", "trim"),
        ("return ('THE (quick) fox'):find('%((%a+)%)')", "5"),
        ("return ('x'):match('()')", "1"),
        ("return ('hello world'):gsub('o', '0')", "hell0 w0rld"),
        ("return (select(2, ('hello world'):gsub('o', '0')))", "2"),
        ("return ('hello'):gsub('', '-')", "-h-e-l-l-o-"),
        ("return ('hello'):gsub('l*', 'x')", "xhxexox"),
        ("return ('abc'):gsub('%w', '%0%0')", "aabbcc"),
        ("return ('abc'):gsub('(a)(b)', '%2%1%%')", "ba%c"),
        (
            "return ('hello world'):gsub('%w+', '%0 %0', 1)",
            "hello hello world",
        ),
        (
            "return ('$name is $age'):gsub('%$(%w+)', {name = 'lua', age = 5})",
            "lua is 5",
        ),
        (
            "return ('abc'):gsub('%w', function(c) if c == 'b' then return 'X' end end)",
            "aXc",
        ),
        ("return ('abc'):gsub('^a', 'x')", "xbc"),
        ("return ('aaa'):gsub('^a', 'x')", "xaa"),
        ("return ('f(a(b)c)d'):match('%b()')", "(a(b)c)"),
        (
            "return ('THE (quick) fox'):gsub('%f[%a]%a+', string.lower)",
            "the (quick) fox",
        ),
        ("return ('abab'):match('(ab)%1') ", "ab"),
        ("return ('[x]'):gsub('[%[%]]', '')", "x"),
        ("return ('a-b'):gsub('[a%-]', '.')", "..b"),
        ("return ('a]b'):gsub('[]]', '.')", "a.b"),
        ("return ('x^y'):gsub('[^%w]', '')", "xy"),
        (
            "local o = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do o[#o+1] = k .. v end return table.concat(o, ';')",
            "a1;b2",
        ),
        (
            "local o = {} for w in ('one two'):gmatch('%a+') do o[#o+1] = w end return table.concat(o, ';')",
            "one;two",
        ),
        (
            "local o = {} for p in ('abc'):gmatch('()') do o[#o+1] = p end return table.concat(o, ';')",
            "1;2;3;4",
        ),
        ("return ('ab'):rep(3, '-')", "ab-ab-ab"),
        ("return ('x'):rep(0) .. ('x'):rep(-1)", ""),
        (
            "return ('%5.2f|%-5s|%05d|%x|%q'):format(3.14159, 'ab', 42, 255, 'q\"')",
            " 3.14|ab   |00042|ff|\"q\\\"\"",
        ),
        (
            "local t = {3, 1, 2} table.sort(t) return table.concat(t, ',')",
            "1,2,3",
        ),
        (
            "local t = {} for i = 1, 50 do t[i] = (i * 37) % 50 end table.sort(t) for i = 1, 50 do if t[i] ~= i - 1 then return i end end return 'sorted'",
            "sorted",
        ),
        (
            "local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return table.concat(t, ',')",
            "3,2,1",
        ),
        (
            "local t = {1, 2, 3} table.insert(t, 2, 9) return table.concat(t, ',')",
            "1,9,2,3",
        ),
        (
            "local t = {1, 2} table.insert(t, 3) return table.concat(t, ',')",
            "1,2,3",
        ),
        ("return pcall(table.insert, {1}, 5, 1)", "false"),
        (
            "return select(2, pcall(table.insert, {1}, 5, 1))",
            "bad argument #2 to 'insert' (position out of bounds)",
        ),
        (
            "local t = {1, 2, 3} local r = table.remove(t, 1) return r .. ':' .. table.concat(t, ',')",
            "1:2,3",
        ),
        (
            "local t = {1, 2, 3} local r = table.remove(t) return r .. ':' .. table.concat(t, ',')",
            "3:1,2",
        ),
        ("return table.remove({}) == nil", "true"),
        (
            "return table.concat(table.move({1, 2, 3}, 1, 3, 2), ',')",
            "1,1,2,3",
        ),
        (
            "return table.concat(table.move({1, 2, 3}, 2, 3, 1), ',')",
            "2,3,3",
        ),
        (
            "return table.concat(table.move({1, 2}, 1, 2, 1, {9, 9, 9}), ',')",
            "1,2,9",
        ),
        ("return table.concat({1, 2, 3}, '-', 2)", "2-3"),
        ("return table.concat({})", ""),
        (
            "return select(2, pcall(string.rep))",
            "bad argument #1 to 'rep' (string expected, got no value)",
        ),
        (
            "return xpcall(error, function(e) return 'handled ' .. e end, 'x')",
            "false",
        ),
        (
            "return select(2, xpcall(error, function(e) return 'handled ' .. e end, 'x'))",
            "handled x",
        ),
    ] {
        assert_eq!(lua(source).as_deref(), Ok(text), "{source}");
    }
}

#[test]
fn the_compatible_environment_is_three_tables() {
    let limits = Limits {
        basics: false,
        ..Limits::default()
    };
    for name in [
        "tostring", "pairs", "ipairs", "type", "print", "pcall", "_G", "select", "error",
    ] {
        let source = Function::new(Language::Lua, format!("return {name}(1)"));
        let said = run(&source, &[], true, &limits).unwrap();
        assert!(
            said.contains("attempt to call a nil value"),
            "{name}: {said}"
        );
        let source = Function::new(Language::Fennel, format!("({name} 1)"));
        let said = run(&source, &[], true, &limits).unwrap_err().to_string();
        assert!(
            said.contains(&format!("unknown identifier: {name}")),
            "{said}"
        );
    }
    let fine = Function::new(
        Language::Lua,
        "return string.upper('a') .. math.max(1, 2) .. #table",
    );
    assert_eq!(run(&fine, &[], true, &limits).as_deref(), Ok("A20"));
}

#[test]
fn fennel_has_its_own_words() {
    for (source, text) in [
        ("(+ 1 2)", "3"),
        ("(.. :x content) (.. :y content)", "yc"),
        ("(let [[a b] [1 2]] (+ a b))", "3"),
        ("(match parameters {:city c} c _ :none)", "Rio"),
        ("(icollect [_ n (ipairs [1 2 3])] (* n n))", "[1,4,9]"),
        ("(-> content (string.upper) (.. \"!\"))", "C!"),
        ("(if (= content :c) :yes :no)", "yes"),
        ("(when false 1)", ""),
        ("(lambda f [x] x) (f)", "Missing argument x"),
        ("parameters-as-json", "{}"),
        ("(error :broken 0)", "broken"),
    ] {
        let values = [
            ("content", json!("c")),
            ("parameters", json!({"city": "Rio"})),
            ("parameters-as-json", json!("{}")),
        ];
        let function = Function::new(Language::Fennel, source);
        let said = run(&function, &values, true, &Limits::default());
        assert!(
            said.as_deref()
                .is_ok_and(|said| said == text || text.len() > 8 && said.contains(text)),
            "{source}: {said:?}"
        );
    }
}

#[test]
fn clojure_is_refused_in_clear_words() {
    for sandboxed in [true, false] {
        let error = run(
            &Function::new(Language::Clojure, "1"),
            &[],
            sandboxed,
            &Limits::default(),
        );
        let said = error.unwrap_err().to_string();
        assert!(
            said.starts_with("clojure cannot be run") && said.contains("lua or fennel"),
            "{said}"
        );
    }
}

#[test]
fn open_code_has_the_library_and_keeps_the_caps() {
    let limits = cases::limits();
    let open = |language, source: &str| {
        run(
            &Function::new(language, source),
            &[("content", json!("c"))],
            false,
            &limits,
        )
    };
    assert_eq!(
        open(Language::Lua, "return type(os.time())").as_deref(),
        Ok("number")
    );
    assert_eq!(
        open(Language::Lua, "return load('return content')()").as_deref(),
        Ok("c")
    );
    assert_eq!(
        open(Language::Fennel, "(type (os.time))").as_deref(),
        Ok("number")
    );
    assert_eq!(
        open(Language::Fennel, "(lua nil \"1 + 1\")").as_deref(),
        Ok("2")
    );
    assert_eq!(
        open(
            Language::Fennel,
            "(macro twice [x] `(do ,x ,x)) (var n 0) (twice (set n (+ n 1))) n"
        )
        .as_deref(),
        Ok("2")
    );
    let stopped = |source: &str, why: &SandboxError| {
        assert_eq!(open(Language::Lua, source).as_ref(), Err(why), "{source}");
    };
    let instructions = SandboxError::Instructions(limits.instructions);
    stopped("while true do end", &instructions);
    stopped(
        "coroutine.wrap(function() while true do end end)()",
        &instructions,
    );
    stopped(
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        &instructions,
    );
    stopped(
        "while true do load(function() while true do end end) end",
        &instructions,
    );
    stopped(
        "setmetatable({}, {__index = function() while true do end end}).x = nil return setmetatable({}, {__index = function() while true do end end}).x",
        &instructions,
    );
    stopped(
        "collectgarbage('stop') local t = {} while true do t[#t + 1] = ('x'):rep(999) .. #t end",
        &SandboxError::Memory(limits.memory),
    );
    for (source, words) in [
        ("os.exit(3)", "os.exit is not given"),
        ("return debug.getinfo(1)", "global 'debug'"),
        (
            "setmetatable({}, {__gc = function() while true do end end})",
            "__gc is not given",
        ),
        ("return load('\\27Lua')", ""),
    ] {
        let said = open(Language::Lua, source).unwrap();
        assert!(said.contains(words), "{source}: {said}");
    }
}

#[test]
fn open_code_that_blocks_is_left_behind() {
    let limits = Limits {
        time: Duration::from_millis(150),
        ..cases::limits()
    };
    let start = Instant::now();
    let sleeper = Function::new(Language::Lua, "os.execute('sleep 3')");
    assert_eq!(
        run(&sleeper, &[], false, &limits),
        Err(SandboxError::Time(limits.time))
    );
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn time_is_a_cap_too() {
    let limits = Limits {
        instructions: u64::MAX,
        time: Duration::from_millis(60),
        ..Limits::default()
    };
    for source in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "return ('a'):rep(30000):find(('.-'):rep(12) .. 'b')",
        "local s = ('x'):rep(4e6) while true do local t = s .. 'y' end",
        "local s = ('x'):rep(4e6) while true do s:upper():lower():reverse() end",
    ] {
        let start = Instant::now();
        let result = run(&Function::new(Language::Lua, source), &[], true, &limits);
        assert_eq!(result, Err(SandboxError::Time(limits.time)), "{source}");
        assert!(
            start.elapsed() < Duration::from_secs(4),
            "{source}: {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn a_call_that_is_cancelled_or_late_stops_the_code() {
    let forever = Function::new(Language::Lua, "while true do end");
    let limits = Limits {
        instructions: u64::MAX,
        ..Limits::default()
    };
    let late = Call::within(Duration::from_millis(40));
    let result = run_within(&forever, &[], true, &limits, &late);
    assert!(matches!(result, Err(SandboxError::Time(_))), "{result:?}");
    let token = CancelToken::new();
    let call = Call::default().cancelled_by(token.clone());
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(40));
        token.cancel();
    });
    let result = run_within(&forever, &[], true, &limits, &call);
    assert_eq!(result, Err(SandboxError::Cancelled));
    stopper.join().unwrap();
}

#[tokio::test]
async fn a_dropped_future_stops_the_code() {
    let limits = Limits {
        instructions: u64::MAX,
        time: Duration::from_secs(60),
        ..Limits::default()
    };
    let forever = Function::new(Language::Lua, "while true do end");
    let work = run_async(forever, Vec::new(), true, limits, Call::default());
    assert!(
        tokio::time::timeout(Duration::from_millis(60), work)
            .await
            .is_err()
    );
    // The runtime waits for its blocking threads when it ends: it would hang if the code went on.
    let fine = Function::new(Language::Lua, "return content");
    let values = vec![("content".to_owned(), json!("still here"))];
    let said = run_async(fine, values, true, Limits::default(), Call::default()).await;
    assert_eq!(said.as_deref(), Ok("still here"));
}
