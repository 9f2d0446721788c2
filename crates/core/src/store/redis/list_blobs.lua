#!lua flags=no-writes
-- Digests with size and time, by turns. KEYS: digests in order, size and time by digest. ARGV: from, limit.
local found = {}
for _, digest in ipairs(redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+', 'LIMIT', 0, ARGV[2])) do
    found[#found + 1] = digest
    found[#found + 1] = redis.call('HGET', KEYS[2], digest)
end
return found
