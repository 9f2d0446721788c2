#!lua flags=no-writes
-- Records in order, keys and values by turns. KEYS: records, record keys. ARGV: from, to, limit.
local found = {}
for _, key in ipairs(redis.call('ZRANGEBYLEX', KEYS[2], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])) do
    found[#found + 1] = key
    found[#found + 1] = redis.call('HGET', KEYS[1], key)
end
return found
