-- Makes the compiler ready and closes what must not be open in it. Gets the chunk of fennel.lua and
-- whether its users are in the sandbox; returns a function from source and known names to Lua.

local chunk, sandboxed = ...
local pcall, type, error = pcall, type, error

if not package then
  package = { preload = {}, loaded = {}, path = "", cpath = "", config = "/\n;\n?\n!\n-\n" }
  function require(name)
    local loaded = package.loaded
    if loaded[name] == nil then
      local load = package.preload[name] or error("module '" .. name .. "' not found", 2)
      local value = load(name)
      loaded[name] = value == nil and true or value
    end
    return loaded[name]
  end
end
debug = debug or {
  traceback = function(message) return message end,
  getinfo = function() return {} end,
}
-- What it would write is for a terminal.
print = function() end

local fennel = chunk()

if sandboxed then
  local compiler = require("fennel.compiler")
  local global = compiler.scopes.global
  for _, name in ipairs { "comment", "eval-compiler", "import-macros", "include", "lua", "macro", "macrodebug",
    "macros", "quote", "require-macros", "unquote" } do
    local function closed(ast)
      compiler.assert(false, "`" .. name .. "` is closed in the sandbox", ast)
    end
    global.macros[name] = nil
    global.specials[name] = closed
  end
  -- The compiler reads string literals with `load`, and needs none of the others any more.
  local real = load
  load = function(code) return real(code, "=string", "t", {}) end
  loadfile, dofile, require, package, collectgarbage = nil, nil, nil, nil, nil
end

local compile = fennel.compileString
return function(source, known)
  return pcall(compile, source, {
    allowedGlobals = known or false,
    filename = "fennel",
    unfriendly = true,
    ["error-pinpoint"] = false,
    correlate = false,
  })
end
