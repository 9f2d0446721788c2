#!lua
-- Checks, then writes, in one step. KEYS: counter, partition names, records, record keys, the partition's
-- other keys, lane, the lane before; then its logs and indexes. ARGV: partition, call number, resent?, order, then the
-- checks, `;`, the writes. Answers `c VERSION NUMBER…` (committed), `x INDEX KIND FOUND` (conflict), `s` (a later call
-- of the lane has been made) or `f` (the one that it follows has not come). A call that comes twice is made once: the
-- lane keeps its last answer.
local number, resent, order = tonumber(ARGV[2]), ARGV[3] == '1', ARGV[4]
local last = redis.call('GET', KEYS[6])
if last then
    local made, answer = string.match(last, '^(%d+) (.*)$')
    made = tonumber(made)
    if made == number then return answer end
    if made > number then return 's' end
end
if order == '2' then
    local before = redis.call('GET', KEYS[7])
    if not before or tonumber(string.match(before, '^%d+')) ~= number then return 'f' end
end
local function done(answer)
    redis.call('SET', KEYS[6], ARGV[2] .. ' ' .. answer, 'PX', 600000)
    return answer
end
local at, check = 5, 0
while ARGV[at] ~= ';' do
    local kind, name, wanted = ARGV[at], ARGV[at + 1], ARGV[at + 2]
    local conflict
    if kind == 'l' then
        local length = redis.call('LLEN', KEYS[tonumber(name)])
        if length ~= tonumber(wanted) then conflict = 'l ' .. length end
    else
        local record = redis.call('HGET', KEYS[3], name)
        if record then
            local version = string.match(record, '^%d+')
            local found = kind == 'e' and string.sub(record, #version + 2) or version
            if found ~= wanted then conflict = 'v ' .. version end
        elseif kind ~= 'a' then
            conflict = 'a'
        end
    end
    if conflict then
        local answer = 'x ' .. check .. ' ' .. conflict
        -- The first sending of a call that was sent again may still be on its way; and others may follow.
        return (resent or order ~= '0') and done(answer) or answer
    end
    at, check = at + 3, check + 1
end
at = at + 1
if not ARGV[at] then return order ~= '0' and done('c 0') or 'c 0' end
local version = string.format('%.0f', redis.call('INCR', KEYS[1]))
local answer = 'c ' .. version
redis.call('ZADD', KEYS[2], 0, ARGV[1])
-- Puts that stand together are one command each of two kinds; Lua's stack takes some thousands of arguments.
local records, names, listed = {}, {}, {}
local function put()
    if #names == 0 then return end
    local new = redis.call('HSET', KEYS[3], unpack(records))
    if new > 0 then redis.call('ZADD', KEYS[4], unpack(names)) end
    records, names = {}, {}
end
local function list(key)
    if not listed[key] then
        redis.call('SADD', KEYS[5], key)
        listed[key] = true
    end
end
while ARGV[at] do
    local kind, name, value = ARGV[at], ARGV[at + 1], ARGV[at + 2]
    if kind == 'p' then
        records[#records + 1] = name
        records[#records + 1] = version .. ' ' .. value
        names[#names + 1] = 0
        names[#names + 1] = name
        if #names >= 1000 then put() end
        at = at + 3
    elseif kind == 'd' then
        put()
        redis.call('HDEL', KEYS[3], name)
        redis.call('ZREM', KEYS[4], name)
        at = at + 2
    elseif kind == 'r' then
        local key = KEYS[tonumber(name)]
        list(key)
        answer = answer .. ' ' .. string.format('%.0f', redis.call('RPUSH', key, value) - 1)
        at = at + 3
    elseif kind == 'u' then
        local key = KEYS[tonumber(name)]
        list(key)
        redis.call('ZADD', key, ARGV[at + 3], value)
        at = at + 4
    else
        redis.call('ZREM', KEYS[tonumber(name)], value)
        at = at + 3
    end
end
put()
return done(answer)
