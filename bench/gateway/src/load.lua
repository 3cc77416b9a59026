-- Asks as the people in a list do, one after the other. A line of the list holds a host, a path and, for
-- somebody with a credential, the header field that it stands in. Requests are put together before the clock starts.

local requests, at = {}, 0

function init(arguments)
    for line in io.lines(arguments[1]) do
        local host, path, field = line:match("^(%S+) (%S+) ?(.*)$")
        local headers = { Host = host, Accept = "application/json", ["User-Agent"] = "bench" }
        local name, value = field:match("^(.-): (.*)$")
        if name then
            headers[name] = value
        end
        requests[#requests + 1] = wrk.format("GET", path, headers)
    end
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary, latency)
    local errors = summary.errors
    local broken = errors.connect + errors.read + errors.write + errors.timeout
    local form = 'counted {"requests":%d,"micros":%d,"bytes":%d,"refused":%d,"broken":%d,"p50":%d,"p99":%d}\n'
    io.write(form:format(summary.requests, summary.duration, summary.bytes, errors.status, broken,
        latency:percentile(50), latency:percentile(99)))
end
