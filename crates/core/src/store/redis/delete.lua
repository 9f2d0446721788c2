#!lua
-- Deletes a partition; answers `1` if there was one. KEYS: partition names, records, record keys, its other keys,
-- lane. ARGV: partition, call number. Memory is freed in the background.
local last = redis.call('GET', KEYS[5])
if last then
    local made, answer = string.match(last, '^(%d+) (.*)$')
    if tonumber(made) == tonumber(ARGV[2]) then return answer end
    if tonumber(made) > tonumber(ARGV[2]) then return 's' end
end
for _, key in ipairs(redis.call('SMEMBERS', KEYS[4])) do
    redis.call('UNLINK', key)
end
redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4])
local answer = tostring(redis.call('ZREM', KEYS[1], ARGV[1]))
redis.call('SET', KEYS[5], ARGV[2] .. ' ' .. answer, 'PX', 600000)
return answer
