-- What scripts find in their environment: the library functions that are safe as they are, and our
-- own in place of those that C would run for long or for ever, that show addresses, or that could
-- hide the error of a cap. Loops here are Lua, so that the instruction hook sees them.
--
-- Gets the real globals and what the host gives; returns the environments.

local raw, host = ...
local charge, check, seek, plain, points = host.charge, host.check, host.seek, host.plain, host.points
local type, error, select, next, tonumber = raw.type, raw.error, raw.select, raw.next, raw.tonumber
local rawtostring, rawpcall, rawlen, rawequal = raw.tostring, raw.pcall, raw.rawlen, raw.rawequal
local unpack, rawconcat = raw.table.unpack, raw.table.concat
local rawrep, rawformat, rawsub, byte = raw.string.rep, raw.string.format, raw.string.sub, raw.string.byte
local tointeger, maxinteger = raw.math.tointeger, raw.math.maxinteger

local open = host.open

local function bad(index, name, what)
  error("bad argument #" .. index .. " to '" .. name .. "' (" .. what .. ")", 3)
end

local function text(value, index, name)
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "number" then return rawtostring(value) end
  return error("bad argument #" .. index .. " to '" .. name .. "' (string expected, got "
    .. (value == nil and "no value" or kind) .. ")", 3)
end

local function whole(value, index, name, default)
  if value == nil and default ~= nil then return default end
  local number = tonumber(value)
  local integer = number and tointeger(number)
  if integer then return integer end
  return error("bad argument #" .. index .. " to '" .. name .. "' ("
    .. (number and "number has no integer representation"
      or "number expected, got " .. (value == nil and "no value" or type(value))) .. ")", 3)
end

local function list(value, index, name)
  if type(value) == "table" then return value end
  return error("bad argument #" .. index .. " to '" .. name .. "' (table expected, got "
    .. (value == nil and "no value" or type(value)) .. ")", 3)
end

-- Long strings cost what it takes to copy them.
local function pay(bytes)
  if bytes > 4096 then charge(bytes // 16) end
end

-- Strings ------------------------------------------------------------------------------------

local string = {}
for _, name in raw.ipairs { "byte", "char", "len", "pack", "packsize", "sub", "unpack" } do
  string[name] = raw.string[name]
end

for _, name in raw.ipairs { "lower", "upper", "reverse" } do
  local real = raw.string[name]
  string[name] = function(s)
    s = text(s, 1, name)
    pay(#s)
    return real(s)
  end
end

function string.rep(s, n, separator)
  s, n = text(s, 1, "rep"), whole(n, 2, "rep")
  separator = separator == nil and "" or text(separator, 3, "rep")
  if n <= 0 or #s + #separator == 0 then return "" end
  if #s + #separator > maxinteger // n then error("resulting string too large", 2) end
  pay((#s + #separator) * n)
  return rawrep(s, n, separator)
end

function string.format(pattern, ...)
  pattern = text(pattern, 1, "format")
  pay(#pattern)
  -- An address says where this process keeps its memory.
  if points(pattern) then error("invalid conversion '%p' to 'format'", 2) end
  local count = select("#", ...)
  local arguments = { ... }
  for index = 1, count do
    local kind = type(arguments[index])
    if kind == "string" then pay(#arguments[index])
    elseif not open and (kind == "table" or kind == "function" or kind == "userdata") then arguments[index] = kind end
  end
  return rawformat(pattern, unpack(arguments, 1, count))
end

local function start(init, length)
  if init > 0 then return init end
  if init == 0 or init < -length then return 1 end
  return length + init + 1
end

-- The first two are where the match stands; the captures, or the whole match, come after.
local function find(name, s, pattern, init, isplain)
  s, pattern = text(s, 1, name), text(pattern, 2, name)
  init = start(whole(init, 3, name, 1), #s)
  if init > #s + 1 then return nil end
  if isplain then return plain(s, pattern, init) end
  return seek(s, pattern, init, 0, true)
end

function string.find(s, pattern, init, isplain)
  return find("find", s, pattern, init, isplain)
end

local function captured(s, from, to, ...)
  if not from then return nil end
  if select("#", ...) == 0 then return rawsub(s, from, to) end
  return ...
end

function string.match(s, pattern, init)
  s = text(s, 1, "match")
  return captured(s, find("match", s, pattern, init))
end

function string.gmatch(s, pattern, init)
  s, pattern = text(s, 1, "gmatch"), text(pattern, 2, "gmatch")
  local from, last = start(whole(init, 3, "gmatch", 1), #s), 0
  local function step(first, to, ...)
    if not first then
      from = #s + 2
      return nil
    end
    from, last = to + 1, to + 1
    return captured(s, first, to, ...)
  end
  return function()
    if from > #s + 1 then return nil end
    return step(seek(s, pattern, from, last, false))
  end
end

-- A replacement text as its pieces: strings, and numbers for `%0` to `%9`.
local function template(replacement)
  local pieces, from = {}, 1
  while true do
    local at = plain(replacement, "%", from)
    if not at then
      pieces[#pieces + 1] = rawsub(replacement, from)
      return pieces
    end
    pieces[#pieces + 1] = rawsub(replacement, from, at - 1)
    local code = byte(replacement, at + 1)
    if code == 37 then
      pieces[#pieces + 1] = "%"
    elseif code and code >= 48 and code <= 57 then
      pieces[#pieces + 1] = code - 48
    else
      error("invalid use of '%' in replacement string", 3)
    end
    from = at + 2
  end
end

function string.gsub(s, pattern, replacement, most)
  s, pattern = text(s, 1, "gsub"), text(pattern, 2, "gsub")
  local kind = type(replacement)
  if kind == "number" then replacement, kind = rawtostring(replacement), "string" end
  if kind ~= "string" and kind ~= "table" and kind ~= "function" then
    bad(3, "gsub", "string/function/table expected, got " .. (replacement == nil and "no value" or kind))
  end
  most = whole(most, 4, "gsub", #s + 1)
  local pieces = kind == "string" and template(replacement)
  local anchored = byte(pattern, 1) == 94
  local out, count, from, last = {}, 0, 1, 0

  local function value(first, to, ...)
    local whole_match = rawsub(s, first, to)
    if kind == "string" then
      if #pieces == 1 then return pieces[1] end
      local made, given = {}, select("#", ...)
      for index = 1, #pieces do
        local piece = pieces[index]
        if piece == 0 or piece == 1 and given == 0 then
          piece = whole_match
        elseif type(piece) == "number" then
          if piece > given then
            error("invalid capture index %" .. piece .. " in replacement string", 3)
          end
          piece = (select(piece, ...))
        end
        made[index] = piece
      end
      return rawconcat(made)
    end
    local key = whole_match
    if select("#", ...) > 0 then key = (...) end
    local made
    if kind == "table" then
      made = replacement[key]
    elseif select("#", ...) > 0 then
      made = replacement(...)
    else
      made = replacement(whole_match)
    end
    if not made then return whole_match end
    if type(made) ~= "string" and type(made) ~= "number" then
      error("invalid replacement value (a " .. type(made) .. ")", 3)
    end
    return made
  end

  local function step(first, to, ...)
    if not first then return false end
    count = count + 1
    if first > from then out[#out + 1] = rawsub(s, from, first - 1) end
    out[#out + 1] = value(first, to, ...)
    from, last = to + 1, to + 1
    return true
  end

  while count < most do
    if not step(seek(s, pattern, from, last, true)) or anchored then break end
  end
  if from <= #s then out[#out + 1] = rawsub(s, from) end
  pay(#s)
  return rawconcat(out), count
end

-- Tables -------------------------------------------------------------------------------------

local table = { pack = raw.table.pack, unpack = unpack }

function table.concat(t, separator, first, last)
  list(t, 1, "concat")
  separator = separator == nil and "" or text(separator, 2, "concat")
  first, last = whole(first, 3, "concat", 1), whole(last, 4, "concat", #t)
  if last >= first then
    -- More than the table can hold ends at the first hole; what is there is paid for.
    local count = last - first
    if count < 0 or count > 1 << 24 then count = 1 << 24 end
    if count > 256 then charge(count // 4) end
    pay(#separator * (count < 1 << 20 and count or 1 << 20))
  end
  return rawconcat(t, separator, first, last)
end

function table.insert(t, ...)
  list(t, 1, "insert")
  local given = select("#", ...)
  local size = #t
  if given == 1 then
    t[size + 1] = (...)
    return
  end
  if given ~= 2 then error("wrong number of arguments to 'insert'", 2) end
  local at, value = ...
  at = whole(at, 2, "insert")
  if at < 1 or at > size + 1 then bad(2, "insert", "position out of bounds") end
  for index = size, at, -1 do t[index + 1] = t[index] end
  t[at] = value
end

function table.remove(t, at)
  list(t, 1, "remove")
  local size = #t
  if at == nil then
    if size == 0 then return t[0] end
    at = size
  else
    at = whole(at, 2, "remove")
    if size + 1 ~= at and (at < 1 or at > size + 1) and not (size == 0 and at == 0) then
      bad(2, "remove", "position out of bounds")
    end
  end
  local value = t[at]
  for index = at, size - 1 do t[index] = t[index + 1] end
  if at <= size then t[size] = nil else t[at] = nil end
  return value
end

function table.move(from, first, last, at, to)
  list(from, 1, "move")
  first, last, at = whole(first, 2, "move"), whole(last, 3, "move"), whole(at, 4, "move")
  to = to == nil and from or list(to, 5, "move")
  if last < first then return to end
  if first <= 0 and last >= maxinteger + first then bad(3, "move", "too many elements to move") end
  if at > maxinteger - (last - first) then bad(4, "move", "destination wrap around") end
  if at > last or at <= first or not rawequal(to, from) then
    for index = 0, last - first do to[at + index] = from[first + index] end
  else
    for index = last - first, 0, -1 do to[at + index] = from[first + index] end
  end
  return to
end

-- Merge sort: stable, and no order function can lead it out of bounds.
function table.sort(t, before)
  list(t, 1, "sort")
  if before ~= nil and type(before) ~= "function" then
    bad(2, "sort", "function expected, got " .. type(before))
  end
  local size, spare = #t, {}
  if before == nil then before = function(a, b) return a < b end end
  local width = 8
  for low = 1, size, width do
    local high = low + width - 1
    if high > size then high = size end
    for index = low + 1, high do
      local value, at = t[index], index
      while at > low and before(value, t[at - 1]) do
        t[at] = t[at - 1]
        at = at - 1
      end
      t[at] = value
    end
  end
  while width < size do
    for low = 1, size, 2 * width do
      local middle, high = low + width, low + 2 * width
      if high > size + 1 then high = size + 1 end
      if middle < high and before(t[middle], t[middle - 1]) then
        for index = low, middle - 1 do spare[index] = t[index] end
        local left, right, at = low, middle, low
        while left < middle and right < high do
          if before(t[right], spare[left]) then
            t[at] = t[right]
            right = right + 1
          else
            t[at] = spare[left]
            left = left + 1
          end
          at = at + 1
        end
        while left < middle do
          t[at] = spare[left]
          left, at = left + 1, at + 1
        end
      end
    end
    width = width * 2
  end
end

-- Basics -------------------------------------------------------------------------------------

local function tostring(value)
  local kind = type(value)
  if kind == "string" or kind == "number" or kind == "boolean" or kind == "nil" then
    return rawtostring(value)
  end
  -- The host's errors are the only userdata; addresses are nobody's business.
  if kind == "userdata" then return host.message(value) end
  return kind
end

-- Whoever catches errors must not go on after a cap.
local function caught(ok, ...)
  if ok then return ok, ... end
  local value = ...
  if value == "not enough memory" then host.exhausted() end
  check()
  if type(value) == "userdata" then return ok, host.message(value) end
  return ok, ...
end

local function pcall(f, ...)
  return caught(rawpcall(f, ...))
end

local function handled(handler, ok, ...)
  if ok then return ok, ... end
  return ok, handler(...)
end

-- The handler runs after the error has been unwound: hooks are off while a message handler of C's
-- xpcall runs, and nothing could stop it.
local function xpcall(f, handler, ...)
  return handled(handler, caught(rawpcall(f, ...)))
end

local math = {}
for name, value in next, raw.math do math[name] = value end

host.methods.__index = string

if open then
  for name, value in next, string do raw.string[name] = value end
  for name, value in next, table do raw.table[name] = value end
  raw.string.dump = nil
  raw.pcall, raw.xpcall = pcall, xpcall
  raw.collectgarbage = function(what)
    if what == "count" then return host.memory() end
    return 0
  end
  -- A script must not end the process that runs it, nor write where results are printed.
  raw.os.exit = function() error("os.exit is not given to functions", 2) end
  raw.print = function() end
  local load, loadfile, setmetatable, rawget = raw.load, raw.loadfile, raw.setmetatable, raw.rawget
  local assert = raw.assert
  -- Text only: byte code can break the interpreter.
  raw.load = function(chunk, name, _, ...)
    return load(chunk, name, "t", ...)
  end
  raw.loadfile = function(name, _, ...)
    return loadfile(name, "t", ...)
  end
  raw.dofile = function(name)
    return assert(loadfile(name, "t"))()
  end
  raw.setmetatable = function(t, meta)
    -- Hooks are off in finalizers too.
    if type(meta) == "table" and rawget(meta, "__gc") ~= nil then
      error("__gc is not given to functions", 2)
    end
    return setmetatable(t, meta)
  end
  local resume = raw.coroutine.resume
  raw.coroutine.resume = function(...)
    return caught(resume(...))
  end
  return raw
end

local env = { math = math, string = string, table = table }
if host.basics then
  for _, name in raw.ipairs { "assert", "error", "ipairs", "next", "pairs", "rawequal", "rawget", "rawlen",
    "rawset", "select", "tonumber", "type" } do
    env[name] = raw[name]
  end
  env._VERSION = raw._VERSION
  env.tostring, env.pcall, env.xpcall = tostring, pcall, xpcall
  env._G = env
end
return env
