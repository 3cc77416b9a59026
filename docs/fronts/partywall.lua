-- Asks Partywall whether a request may pass, for haproxy.cfg. Needs HAProxy 2.6 or later with Lua, as Debian's is.

-- The listener `partywall_decide` of haproxy.cfg.
local DECIDE = { url = "http://127.0.0.1:8081/haproxy", dst = "abns@partywall-8081" }

-- What the backend is told; fields that Partywall does not name in its answer are taken out.
local TOLD = {
    "partywall-context", "partywall-proof", "partywall-tenant", "partywall-tenant-slug", "partywall-user",
    "partywall-roles", "partywall-subscriber", "partywall-scopes", "partywall-request-id",
    "cookie", "authorization", "x-api-key", "client-cert", "client-cert-chain",
}

-- Fields of an answer that belong to the connection it came over.
local OF_THE_CONNECTION = { ["connection"] = true, ["content-length"] = true, ["transfer-encoding"] = true }

local function question(txn)
    local headers = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        if name ~= "content-length" and name ~= "transfer-encoding" and name ~= "connection"
            and name ~= "upgrade" and name ~= "expect" and name ~= "host" then
            local list = {}
            for at = 0, #values do
                if values[at] then list[#list + 1] = values[at] end
            end
            headers[name] = list
        end
    end
    headers["x-original-method"] = { txn.sf:method() }
    headers["x-original-uri"] = { txn.sf:pathq() }
    return headers
end

local function answer_client(txn, response)
    local reply = txn:reply()
    reply:set_status(response.status)
    for name, values in pairs(response.headers or {}) do
        if not OF_THE_CONNECTION[name] then
            for at = 0, #values do
                if values[at] then reply:add_header(name, values[at]) end
            end
        end
    end
    reply:set_body(response.body or "")
    txn:done(reply)
end

-- False where a field found no room: half of the truth is none.
local function tell_backend(txn, said)
    for _, name in ipairs(TOLD) do
        local value = said[name] and said[name][0]
        txn.http:req_del_header(name)
        if value then
            txn.http:req_add_header(name, value)
            if txn.f:req_fhdr(name) ~= value then return false end
        end
    end
    return true
end

core.register_action("partywall", { "http-req" }, function(txn)
    local client = core.httpclient()
    local response = client:get { url = DECIDE.url, dst = DECIDE.dst, headers = question(txn) }
    if response.status == 200 then
        if tell_backend(txn, response.headers) then txn:set_var("txn.partywall", "allowed") end
    elseif response.status and response.status >= 300 then
        answer_client(txn, response)
    end
end, 0)
