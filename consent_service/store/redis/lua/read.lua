#!lua flags=no-writes
-- One shard's part of a page, as one snapshot.
-- KEYS[1] the shard's head, KEYS[2] the log. ARGV[1] the head's field of what was trimmed, ARGV[2] the first
-- position wanted, ARGV[3] the most entries. Answers {counter, last position trimmed, entries}.
local known = redis.call('HMGET', KEYS[1], 'n', ARGV[1])
local entries = {}
if ARGV[3] ~= '0' then entries = redis.call('XRANGE', KEYS[2], ARGV[2], '+', 'COUNT', ARGV[3]) end
return {known[1], known[2], entries}
