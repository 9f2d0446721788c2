//! Chats with thoughts and tools: what a grammar holds, where the template thinks first, and which template is taken.

use botsmith_core::chat::{
    Call, ChatModel, ChatRequest, ChatResponse, FinishReason, Message, OutputFormat, ToolChoice,
    ToolSpec, collect,
};
use botsmith_core::engine::{ChatStart, Grammar, LocalModel};
use serde_json::{Value, json};

use crate::chats::block_on;
use crate::models::{TEMPLATE, folder, kept_template, options};

/// A model whose tokenizer has `<tool_call>` as token 271, with this chat template (or several by name).
fn model(template: &Value) -> LocalModel {
    let folder = folder("qwen2");
    let file = folder.path().join("tokenizer.json");
    let mut tokenizer: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let vocabulary = tokenizer["model"]["vocab"].as_object_mut().unwrap();
    vocabulary.remove("re");
    let merges = tokenizer["model"]["merges"].as_array_mut().unwrap();
    merges.retain(|merge| *merge != json!(["r", "e"]) && *merge != json!("r e"));
    let token = json!({"id": 271, "content": "<tool_call>", "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": false});
    tokenizer["added_tokens"]
        .as_array_mut()
        .unwrap()
        .push(token);
    std::fs::write(&file, tokenizer.to_string()).unwrap();
    let about = json!({"eos_token": "<|im_end|>", "chat_template": template});
    std::fs::write(
        folder.path().join("tokenizer_config.json"),
        about.to_string(),
    )
    .unwrap();
    LocalModel::load(folder.path(), &options()).unwrap()
}

/// A template that opens a thought, as DeepSeek-R1's and Qwen3-Thinking's do.
fn thinks() -> Value {
    let end = "assistant\\n' }}{% endif %}";
    assert!(TEMPLATE.ends_with(end));
    json!(TEMPLATE.replace(end, "assistant\\n<think>\\n' }}{% endif %}"))
}

fn request() -> ChatRequest {
    let mut request = ChatRequest::new(vec![Message::user("Hello!")]);
    request.sampling.max_tokens = Some(90);
    request.sampling.temperature = Some(0.9);
    // Random weights would fill JSON with blanks: tab, line end, carriage return and blank.
    let bias = json!({"logit_bias": {"201": -100, "202": -100, "205": -100, "224": -100}});
    request.native.clone_from(bias.as_object().unwrap());
    request
}

fn tool(name: &str, parameters: Value) -> ToolSpec {
    ToolSpec {
        name: name.into(),
        description: None,
        parameters,
    }
}

fn digit() -> Value {
    json!({
        "type": "object", "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 9}},
        "required": ["n"], "additionalProperties": false,
    })
}

fn answer(model: &LocalModel, request: &ChatRequest, start: ChatStart) -> ChatResponse {
    let stream = model.begin_chat_with(request, start, &Call::default());
    block_on(collect(stream.unwrap())).unwrap()
}

#[test]
fn a_schema_holds_the_answer_where_the_template_opens_a_thought() {
    let model = model(&thinks());
    let mut asked = request();
    let open = "<|im_start|>assistant\n<think>\n";
    assert!(model.chat_text(&asked).unwrap().ends_with(open));
    // Without a grammar the model thinks on.
    asked.sampling.max_tokens = Some(8);
    let free = answer(&model, &asked, ChatStart::default());
    assert!(free.text.is_empty() && free.reasoning.is_some(), "{free:?}");
    asked.sampling.max_tokens = Some(90);
    asked.output = OutputFormat::JsonSchema {
        name: "a".into(),
        schema: json!({"enum": ["yes", "no"]}),
    };
    let closed = format!("{open}\n</think>\n\n");
    assert!(model.chat_text(&asked).unwrap().ends_with(&closed));
    let held = answer(&model, &asked, ChatStart::default());
    assert!(
        ["\"yes\"", "\"no\""].contains(&held.text.as_str()),
        "{held:?}"
    );
    assert_eq!(held.reasoning, None);
    // So does a grammar of the caller's own, and a demanded call.
    asked.output = OutputFormat::Text;
    let mut start = ChatStart::default();
    start.grammar = Some(Grammar::Regex("(yes|no)!".into()));
    let held = answer(&model, &asked, start);
    assert!(["yes!", "no!"].contains(&held.text.as_str()), "{held:?}");
    asked.tools = vec![tool("add", digit())];
    asked.tool_choice = ToolChoice::Required;
    let held = answer(&model, &asked, ChatStart::default());
    assert_eq!(held.finish, FinishReason::ToolCalls, "{held:?}");
    assert_eq!(held.reasoning, None);
    // A call that is not demanded leaves the thought open.
    asked.tool_choice = ToolChoice::Auto;
    assert!(model.chat_text(&asked).unwrap().ends_with(open));
}

#[test]
fn a_schema_holds_the_answer_where_the_model_would_open_a_thought() {
    let model = model(&json!(kept_template("qwen3")));
    let mut asked = request();
    let end = "<|im_start|>assistant\n";
    assert!(model.chat_text(&asked).unwrap().ends_with(end));
    asked.output = OutputFormat::JsonSchema {
        name: "a".into(),
        schema: json!({"enum": ["yes", "no"]}),
    };
    let closed = format!("{end}<think>\n\n</think>\n\n");
    assert!(model.chat_text(&asked).unwrap().ends_with(&closed));
    // Who wants it otherwise gets it.
    asked.native.insert("think".into(), json!(true));
    assert!(model.chat_text(&asked).unwrap().ends_with(end));
    // A call that is not demanded leaves room for a thought.
    asked = request();
    asked.tools = vec![tool("add", digit())];
    assert!(model.chat_text(&asked).unwrap().ends_with(end));
}

#[test]
fn a_call_that_nobody_demanded_is_held_once_the_model_has_opened_it() {
    let model = model(&json!(TEMPLATE));
    let mut asked = request();
    asked.tools = vec![tool("add", digit()), tool("nothing", Value::Null)];
    asked.sampling.stop = vec!["</tool_call>".into()];
    asked.native["logit_bias"]["271"] = json!(100);
    for seed in 0..6 {
        asked.sampling.seed = Some(seed);
        let held = answer(&model, &asked, ChatStart::default());
        let [call] = held.tool_calls.as_slice() else {
            // What a tool takes that says nothing of it may be longer than the answer.
            assert!(held.text.contains("\"nothing\""), "{held:?}");
            continue;
        };
        let arguments = call.parsed().unwrap();
        assert!(call.name == "nothing" && arguments.is_object() || arguments["n"].is_u64());
    }
    // A schema that no grammar can be made of stands in nobody's way.
    asked.tools = vec![tool(
        "odd",
        json!({"type": "object", "unevaluatedProperties": {"not": 3}}),
    )];
    asked.sampling.max_tokens = Some(5);
    let free = answer(&model, &asked, ChatStart::default());
    assert!(free.text.starts_with("<tool_call><tool_call>"), "{free:?}");
    asked.tool_choice = ToolChoice::Required;
    let error = model.begin_chat(&asked, &Call::default()).err().unwrap();
    assert_eq!(error.code(), "BS-ENG-025");
}

#[test]
fn a_template_for_tools_is_taken_where_there_are_tools_and_the_default_else() {
    let named = |name: &str, text: &str| json!({"name": name, "template": text});
    let with = "{% if tools %}<tool_call>{{ tools | length }}{% endif %}{{ messages[0].content }}";
    let without = "plain {{ messages[0].content }}";
    let model = model(&json!([
        named("tool_use", with),
        named("default", without),
        named("rag", "{{")
    ]));
    let mut asked = request();
    assert_eq!(model.chat_text(&asked).unwrap(), "plain Hello!");
    assert_eq!(model.chat_template().unwrap().source(), without);
    assert!(model.info().tools);
    asked.tools = vec![tool("add", digit())];
    assert_eq!(model.chat_text(&asked).unwrap(), "<tool_call>1Hello!");
    asked.tool_choice = ToolChoice::None;
    assert_eq!(model.chat_text(&asked).unwrap(), "plain Hello!");
}

#[test]
fn templates_in_files_of_their_own_win_over_the_configuration() {
    let folder = folder("qwen2");
    std::fs::write(
        folder.path().join("chat_template.jinja"),
        "file {{ messages[0].content }}",
    )
    .unwrap();
    let further = folder.path().join("additional_chat_templates");
    std::fs::create_dir(&further).unwrap();
    std::fs::write(
        further.join("tool_use.jinja"),
        "{{ tools | length }}<tool_call>",
    )
    .unwrap();
    let model = LocalModel::load(folder.path(), &options()).unwrap();
    let mut asked = request();
    assert_eq!(model.chat_text(&asked).unwrap(), "file Hello!");
    asked.tools = vec![tool("add", digit())];
    assert_eq!(model.chat_text(&asked).unwrap(), "1<tool_call>");
}
