//! How a bot meets its user: affixes, adapters, streaming, prompt, feedback of tools.
