-- Load for wrk: sends the whole HTTP requests of a file, each once, for a number of seconds; then lets the answers come in.
-- Arguments after `--`: the file (for each request a line with its length, then its bytes), seconds, `once` or `cycle`.
-- `cycle` keeps the first requests in memory and repeats them: for floors, which remember nothing.
-- An empty request leaves its connection idle, so that nothing is cut off at the end and nothing is sent twice.
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds; long micros; } moment; int gettimeofday(moment *now, void *zone);")
local now = ffi.new("moment")
local threads = {}
local CYCLE = 32

local function clock()
  ffi.C.gettimeofday(now, nil)
  return tonumber(now.seconds) + tonumber(now.micros) / 1e6
end

local function read_one()
  local length = file:read("*l")
  return length and file:read(tonumber(length)) or nil
end

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  file = assert(io.open(arguments[1], "rb"))
  seconds, cycling = tonumber(arguments[2]), arguments[3] == "cycle"
  sent, began, ended, over, first = 0, 0, 0, false, nil
  kept = {}
  while cycling and #kept < CYCLE do
    local one = read_one()
    if not one then break end
    table.insert(kept, one)
  end
end

local function next_request()
  if cycling then return kept[sent % #kept + 1] end
  if first then
    local one = first
    first = nil
    return one
  end
  return read_one()
end

function request()
  if not looked then -- wrk asks for one request to look at, and does not send it
    looked = true
    if cycling then return kept[1] end
    first = read_one()
    return first
  end
  local moment = clock()
  if began == 0 then began = moment end
  local one = not over and moment - began < seconds and next_request() or nil
  if not one then -- this connection has its last answer
    over, ended = true, moment
    return ""
  end
  sent = sent + 1
  return one
end

function done(summary, latency, requests)
  local thread = threads[1]
  local errors = summary.errors
  io.write(string.format(
    'bench {"sent": %d, "answered": %d, "bytes": %d, "began": %.6f, "ended": %.6f, "p50_us": %.0f, "p99_us": %.0f, ',
    thread:get("sent"), summary.requests, summary.bytes, thread:get("began"), thread:get("ended"),
    latency:percentile(50), latency:percentile(99)))
  io.write(string.format('"refused": %d, "broken": %d}\n',
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
