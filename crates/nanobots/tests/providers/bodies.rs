//! The bodies that are sent, key by key, hand-checked against each vendor's reference.

use botsmith_core::chat::{
    ChatRequest, Message, OutputFormat, Sampling, ToolCall, ToolChoice, ToolSpec,
};
use botsmith_nanobots::cartridge::Profile;
use botsmith_nanobots::provider::{ProviderConfig, request_body, tool_schema};
use serde_json::{Value, json};

use crate::vendors::roll;

fn config(id: &str, profile: Profile) -> ProviderConfig {
    let provider = match id {
        "vertex" => {
            json!({"id": "google", "credentials": {"service": "vertex-ai-api"}, "options": {"model": "m"}})
        }
        "google" => {
            json!({"id": "google", "credentials": {"service": "generative-language-api"}, "options": {"model": "m"}})
        }
        id => json!({"id": id, "settings": {"model": "m"}}),
    };
    ProviderConfig::from_provider(&provider)
        .unwrap()
        .with_profile(profile)
}

/// Directive, backdrop, and a word of the user.
fn simple() -> ChatRequest {
    ChatRequest::new(vec![
        Message::system("D"),
        Message::backdrop("B"),
        Message::user("hello"),
    ])
}

#[test]
fn directive_and_backdrop_stand_where_each_provider_wants_them() {
    let plain = json!([{"role": "system", "content": "D"}, {"role": "user", "content": "B"},
        {"role": "user", "content": "hello"}]);
    let cases = [
        ("openai", json!({"model": "m", "messages": plain})),
        (
            "ollama",
            json!({"model": "m", "messages": plain, "stream": false}),
        ),
        ("mistral", json!({"model": "m", "messages": plain})),
        (
            "anthropic",
            json!({"model": "m", "system": "D", "max_tokens": 4096, "messages": [
            {"role": "user", "content": "B"}, {"role": "assistant", "content": "Ok."},
            {"role": "user", "content": "hello"}]}),
        ),
        (
            "google",
            json!({"contents": [
            {"role": "user", "parts": {"text": "D"}}, {"role": "user", "parts": {"text": "B"}},
            {"role": "model", "parts": {"text": "Understood."}}, {"role": "user", "parts": {"text": "hello"}}],
            "generationConfig": {"candidateCount": 1}}),
        ),
        (
            "vertex",
            json!({"system_instruction": {"role": "user", "parts": {"text": "D"}}, "contents": [
            {"role": "user", "parts": {"text": "B"}}, {"role": "model", "parts": {"text": "Understood."}},
            {"role": "user", "parts": {"text": "hello"}}],
            "generationConfig": {"candidateCount": 1}}),
        ),
        (
            "cohere",
            json!({"model": "m", "preamble_override": "D",
            "chat_history": [{"role": "USER", "message": "B"}], "message": "hello"}),
        ),
        (
            "maritaca",
            json!({"model": "m", "chat_mode": true, "messages": [
            {"role": "user", "content": "D"}, {"role": "user", "content": "B"},
            {"role": "user", "content": "hello"}]}),
        ),
    ];
    for (id, expected) in cases {
        assert_eq!(
            request_body(&config(id, Profile::Compat), &simple()),
            expected,
            "{id}"
        );
    }
    let native = request_body(&config("google", Profile::Native), &simple());
    assert_eq!(
        native["contents"][0],
        json!({"role": "user", "parts": [{"text": "D"}]})
    );
    let native = request_body(&config("cohere", Profile::Native), &simple());
    assert_eq!(native["preamble"], json!("D"));
}

fn call(id: &str) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: "roll".into(),
        arguments: "{\"n\":2}".into(),
    }
}

/// Two calls, their results, and a tool on offer.
fn rounds() -> ChatRequest {
    let mut request = ChatRequest::new(vec![
        Message::user("Roll!"),
        Message {
            tool_calls: vec![call("aaaaaaaa1"), call("aaaaaaaa2")],
            ..Message::assistant("")
        },
        Message::tool("aaaaaaaa1", "roll", "4"),
        Message::tool("aaaaaaaa2", "roll", "6"),
    ]);
    request.tools = vec![roll()];
    request
}

#[test]
fn calls_and_results_are_sent_back_in_each_provider_s_shape() {
    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let function = json!({"name": "roll", "description": "Rolls dice.", "parameters": schema});
    let openai = json!({"model": "m", "messages": [
        {"role": "user", "content": "Roll!"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "aaaaaaaa1", "type": "function", "function": {"name": "roll", "arguments": "{\"n\":2}"}},
            {"id": "aaaaaaaa2", "type": "function", "function": {"name": "roll", "arguments": "{\"n\":2}"}}]},
        {"role": "tool", "content": "4", "tool_call_id": "aaaaaaaa1", "name": "roll"},
        {"role": "tool", "content": "6", "tool_call_id": "aaaaaaaa2", "name": "roll"}],
        "tools": [{"type": "function", "function": function}]});
    let cases = [
        ("openai", openai.clone()),
        ("mistral", openai),
        (
            "ollama",
            json!({"model": "m", "stream": false, "messages": [
            {"role": "user", "content": "Roll!"},
            {"role": "assistant", "content": "", "tool_calls": [
                {"function": {"name": "roll", "arguments": {"n": 2}}},
                {"function": {"name": "roll", "arguments": {"n": 2}}}]},
            {"role": "tool", "content": "4", "tool_name": "roll"},
            {"role": "tool", "content": "6", "tool_name": "roll"}],
            "tools": [{"type": "function", "function": function}]}),
        ),
        (
            "anthropic",
            json!({"model": "m", "max_tokens": 4096, "messages": [
            {"role": "user", "content": "Roll!"},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "aaaaaaaa1", "name": "roll", "input": {"n": 2}},
                {"type": "tool_use", "id": "aaaaaaaa2", "name": "roll", "input": {"n": 2}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "aaaaaaaa1", "content": "4"},
                {"type": "tool_result", "tool_use_id": "aaaaaaaa2", "content": "6"}]}],
            "tools": [{"name": "roll", "description": "Rolls dice.", "input_schema": schema}]}),
        ),
        (
            "google",
            json!({"contents": [
            {"role": "user", "parts": [{"text": "Roll!"}]},
            {"role": "model", "parts": [
                {"functionCall": {"name": "roll", "args": {"n": 2}}},
                {"functionCall": {"name": "roll", "args": {"n": 2}}}]},
            {"role": "function", "parts": [
                {"functionResponse": {"name": "roll", "response": {"name": "roll", "content": "4"}}},
                {"functionResponse": {"name": "roll", "response": {"name": "roll", "content": "6"}}}]}],
            "tools": [{"function_declarations": [function]}],
            "generationConfig": {"candidateCount": 1}}),
        ),
    ];
    for (id, expected) in cases {
        assert_eq!(
            request_body(&config(id, Profile::Native), &rounds()),
            expected,
            "{id}"
        );
    }
    let compat = request_body(&config("google", Profile::Compat), &rounds());
    assert_eq!(
        compat["tools"],
        json!({"function_declarations": [function]})
    );
    assert_eq!(
        compat["contents"].as_array().map(Vec::len),
        Some(4),
        "a turn for each result"
    );
}

#[test]
fn providers_without_tools_are_told_of_them_in_words() {
    let body = request_body(&config("cohere", Profile::Native), &rounds());
    let preamble = body["preamble"].as_str().unwrap();
    assert!(
        preamble.contains("- roll: Rolls dice.") && preamble.contains("tool_calls"),
        "{preamble}"
    );
    assert_eq!(
        body["message"],
        json!("Result of `roll`:\n4\n\nResult of `roll`:\n6")
    );
    assert_eq!(body["chat_history"][1]["role"], json!("CHATBOT"));
    assert_eq!(body.get("tools"), None);
    // Any model can be asked this way.
    let provider =
        json!({"id": "ollama", "settings": {"model": "m"}, "options": {"tools": "prompt"}});
    let body = request_body(
        &ProviderConfig::from_provider(&provider).unwrap(),
        &rounds(),
    );
    assert_eq!(body.get("tools"), None);
    assert!(
        body["messages"][0]["content"]
            .as_str()
            .unwrap()
            .contains("- roll")
    );
}

#[test]
fn whether_tools_must_be_used_is_said_in_each_provider_s_words() {
    let named = ToolChoice::Named("roll".into());
    let cases = [
        (
            "openai",
            ToolChoice::Required,
            "/tool_choice",
            json!("required"),
        ),
        ("openai", ToolChoice::None, "/tool_choice", json!("none")),
        (
            "openai",
            named.clone(),
            "/tool_choice/function/name",
            json!("roll"),
        ),
        (
            "mistral",
            ToolChoice::Required,
            "/tool_choice",
            json!("any"),
        ),
        (
            "anthropic",
            ToolChoice::Required,
            "/tool_choice",
            json!({"type": "any"}),
        ),
        (
            "anthropic",
            named.clone(),
            "/tool_choice",
            json!({"type": "tool", "name": "roll"}),
        ),
        (
            "google",
            ToolChoice::None,
            "/toolConfig/functionCallingConfig",
            json!({"mode": "NONE"}),
        ),
        (
            "google",
            named,
            "/toolConfig/functionCallingConfig",
            json!({"mode": "ANY", "allowedFunctionNames": ["roll"]}),
        ),
    ];
    for (id, choice, place, expected) in cases {
        let mut request = rounds();
        request.tool_choice = choice;
        let body = request_body(&config(id, Profile::Native), &request);
        assert_eq!(body.pointer(place), Some(&expected), "{id}: {body}");
    }
}

#[test]
fn json_is_asked_for_in_each_provider_s_words() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}},
        "required": ["a"], "additionalProperties": false});
    let plain =
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
    let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": true}});
    let cases = [
        ("openai", "/response_format", format.clone()),
        ("mistral", "/response_format", format),
        ("ollama", "/format", schema.clone()),
        (
            "google",
            "/generationConfig",
            json!({"responseMimeType": "application/json", "responseSchema": plain, "candidateCount": 1}),
        ),
        ("anthropic", "/tools/0/input_schema", schema.clone()),
        (
            "anthropic",
            "/tool_choice",
            json!({"type": "tool", "name": "n"}),
        ),
        (
            "cohere",
            "/response_format",
            json!({"type": "json_object", "schema": schema}),
        ),
    ];
    for (id, place, expected) in cases {
        let mut request = simple();
        request.output = OutputFormat::JsonSchema {
            name: "n".into(),
            schema: schema.clone(),
        };
        let body = request_body(&config(id, Profile::Native), &request);
        assert_eq!(body.pointer(place), Some(&expected), "{id}: {body}");
    }
    let mut request = simple();
    request.output = OutputFormat::Json;
    for (id, place, expected) in [
        ("openai", "/response_format/type", json!("json_object")),
        ("ollama", "/format", json!("json")),
        (
            "google",
            "/generationConfig/responseMimeType",
            json!("application/json"),
        ),
        ("anthropic", "/tool_choice/name", json!("answer")),
    ] {
        let body = request_body(&config(id, Profile::Native), &request);
        assert_eq!(body.pointer(place), Some(&expected), "{id}: {body}");
    }
    let body = request_body(&config("maritaca", Profile::Native), &request);
    assert!(
        body["messages"][0]["content"]
            .as_str()
            .unwrap()
            .contains("JSON"),
        "{body}"
    );
    // A schema would keep the model from writing a call: both are asked for in words.
    request.tools = vec![roll()];
    let body = request_body(&config("cohere", Profile::Native), &request);
    assert_eq!(body.get("response_format"), None);
}

#[test]
fn the_request_s_native_settings_win_over_its_sampling_and_that_over_the_cartridge() {
    let cases = [
        (
            "openai",
            json!({"temperature": 0.1, "top_p": 0.2, "seed": 1}),
            json!({"seed": 3}),
            json!({"temperature": 0.5, "top_p": 0.2, "seed": 3, "max_completion_tokens": 9}),
        ),
        (
            "ollama",
            json!({"options": {"temperature": 0.1, "top_p": 0.2, "seed": 1}}),
            json!({"options": {"seed": 3}}),
            json!({"options": {"temperature": 0.5, "top_p": 0.2, "seed": 3, "num_predict": 9}}),
        ),
        (
            "google",
            json!({"generationConfig": {"temperature": 0.1, "topP": 0.2, "seed": 1}}),
            json!({"generationConfig": {"seed": 3}}),
            json!({"generationConfig": {"temperature": 0.5, "topP": 0.2, "seed": 3, "maxOutputTokens": 9, "candidateCount": 1}}),
        ),
        (
            "anthropic",
            json!({"temperature": 0.1, "top_p": 0.2, "max_tokens": 5}),
            json!({"top_k": 3}),
            json!({"temperature": 0.5, "top_p": 0.2, "top_k": 3, "max_tokens": 9}),
        ),
        (
            "mistral",
            json!({"random_seed": 1}),
            json!({"random_seed": 3}),
            json!({"temperature": 0.5, "max_tokens": 9, "random_seed": 3}),
        ),
    ];
    for (id, settings, native, expected) in cases {
        let mut provider = json!({"id": id, "settings": settings, "options": {"model": "m"}});
        provider["settings"]["model"] = json!("m");
        let mut request = ChatRequest::new(vec![Message::user("x")]);
        request.sampling = Sampling::default();
        request.sampling.temperature = Some(0.5);
        request.sampling.max_tokens = Some(9);
        request.sampling.seed = Some(2);
        request.native = native.as_object().unwrap().clone();
        let mut body = request_body(&ProviderConfig::from_provider(&provider).unwrap(), &request);
        for key in ["model", "messages", "contents", "stream"] {
            body.as_object_mut().unwrap().remove(key);
        }
        assert_eq!(body, expected, "{id}");
    }
    // A server that is not OpenAI's own gets the older word, and top-k.
    let provider = json!({"id": "openai", "credentials": {"address": "http://localhost:8000"}, "settings": {"model": "m"}});
    let mut request = ChatRequest::new(vec![Message::user("x")]);
    request.sampling.max_tokens = Some(9);
    request.sampling.top_k = Some(4);
    let body = request_body(&ProviderConfig::from_provider(&provider).unwrap(), &request);
    assert_eq!(
        (&body["max_tokens"], &body["top_k"]),
        (&json!(9), &json!(4))
    );
}

#[test]
fn a_tool_s_definition_has_the_provider_s_shape() {
    let bare = ToolSpec {
        name: "clock".into(),
        description: Some("now".into()),
        parameters: Value::Null,
    };
    let function = json!({"name": "clock", "description": "now", "parameters": {"type": "object", "properties": {}}});
    let compat = |id| config(id, Profile::Compat);
    assert_eq!(
        tool_schema(&compat("openai"), &bare),
        json!({"type": "function", "function": function})
    );
    assert_eq!(tool_schema(&compat("google"), &bare), function);
    let odd = ToolSpec {
        parameters: json!({"type": "object", "$comment": "kept"}),
        ..bare
    };
    assert_eq!(
        tool_schema(&compat("google"), &odd)["parameters"],
        odd.parameters
    );
    assert_eq!(
        tool_schema(&config("google", Profile::Native), &odd)["parameters"],
        json!({"type": "object"})
    );
}

#[test]
fn images_are_sent_where_there_is_a_place_for_them() {
    let content = json!([{"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]);
    let message = Message {
        content: serde_json::from_value(content.clone()).unwrap(),
        ..Message::user("")
    };
    let request = ChatRequest::new(vec![message]);
    let body = |id| request_body(&config(id, Profile::Native), &request);
    assert_eq!(body("openai")["messages"][0]["content"], content);
    assert_eq!(body("ollama")["messages"][0]["images"], json!(["AAAA"]));
    assert_eq!(
        body("anthropic")["messages"][0]["content"][1]["source"],
        json!({"type": "base64", "media_type": "image/png", "data": "AAAA"})
    );
    assert_eq!(
        body("google")["contents"][0]["parts"][1],
        json!({"inlineData": {"mimeType": "image/png", "data": "AAAA"}})
    );
}

#[test]
fn calls_go_back_to_gemini_3_with_the_word_for_a_signature() {
    let mut request = rounds();
    request.model = Some("gemini-3-pro".into());
    let body = request_body(&config("google", Profile::Native), &request);
    let parts = &body["contents"][1]["parts"];
    assert_eq!(
        parts[0]["thoughtSignature"],
        json!("skip_thought_signature_validator")
    );
    assert_eq!(parts[1].get("thoughtSignature"), None);
}
