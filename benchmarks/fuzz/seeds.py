"""Fuzzing, the seeds: what devices really send, and the inis, topics and requests that people really write."""

from __future__ import annotations

TOPICS = (
    "/values/user/0014/0001/temperature", "/values/basic/0025/0003/power", "/values/config/0025/0003/poll",
    "/values/user/0014/0001", "zigbee2mqtt/kitchen", "tele/plug/SENSOR", "shellies/plug-1/relay/0/power", "../../$SYS/\u00e9/+",
    "zigbee2mqtt/bridge/devices", "zigbee2mqtt/bridge/groups", "zigbee2mqtt/bridge/state", "zigbee2mqtt/kitchen/availability",
    "zigbee2mqtt/kitchen/color-x", "tele/plug/STATE", "tele/plug/LWT", "stat/plug/RESULT", "stat/plug/POWER1",
    "tasmota/discovery/D8BC38AABBCC/config",
    "homie/kettle/pot/heat", "homie/kettle/pot/heat/$datatype", "homie/kettle/pot/heat/$unit", "homie/kettle/pot/$name",
    "homie/kettle/$state", "homie/kettle/$stats/signal", "homie/5/kettle/$description", "homie/5/kettle/$state",
    "homie/5/kettle/pot/heat", "spBv1.0/G/NBIRTH/E", "spBv1.0/G/NDATA/E", "spBv1.0/G/NDEATH/E", "spBv1.0/G/DBIRTH/E/d",
    "spBv1.0/G/DDATA/E/d",
    "collectd/nas/interface-eth0/if_octets", "collectd/nas/load/load", "telegraf/nas/net", "senml/room",
    "N/c0619ab12345/battery/256/Soc", "N/c0619ab12345/battery/256/ProductName", "N/c0619ab12345/battery/256/Connected",
    "homeassistant/sensor/k/t/config", "homeassistant/light/k/config", "homeassistant/device/k/config",
    "k/state", "k/lwt",
    "shellies/announce", "shellies/plug-1/announce", "shellies/plug-1/info", "shellies/plug-1/status", "shellies/plug-1/online",
    "shellies/plug-1/light/0/status", "shellies/plug-1/relay/0/energy", "shellies/plug-1/sensor/battery",
    "shellies/plus/events/rpc", "shellyplus1-a8/events/rpc", "shellyplus1-a8/status/switch:0", "shellyplus1-a8/online",
    "attic/sensor/co2/state", "attic/light/lamp/state", "attic/climate/heat/target_temperature/state", "attic/status",
    "home/gateway/BTtoMQTT/A4C138CF0156", "home/gateway/RTL_433toMQTT/WS/7", "home/gateway/LORAtoMQTT", "home/gateway/SYStoMQTT",
    "home/gateway/CLIMAtoMQTT/htu", "home/gateway/LWT",
    "devices/web01/monitoring", "devices/web01/about", "devices/web01/status",
)  # fmt: skip
"""The topic that a payload comes on; a payload's first byte chooses."""

PLAIN_PAYLOADS = (
    "21.5", "-3", "+4", ".5", "5.",
    "1e3", "0", "ON", "off", "open", "Online", "45%", "21.5 °C", "5 l/min", '"21.5"', '" on "', "21,5", "1_000", "0x10",
    "2024-02-03", "10:20", "1.2.3", "nan", "-inf", "1e400", "1e-400", "٣", "", " ", "null", "5 €/kWh",
    # collectd's value lists, and InfluxDB's line protocol
    "1706955630.123:1523.80279110354:0\0", "1706955630.123:0.15:0.1:0.05\0", "N:U:12", "1706955630.123:81263712:nan",
    "net,interface=eth0,host=nas bytes_sent=451838509i,drop_in=4i,speed=10u 1492834180000000000\n# comment\nnet up=t 1492834180",
    'my\\ m\\,x,t\\=g=v\\ a f\\ i=1.5,s="a, \\" b=1\nc",g=-2e3',
)  # fmt: skip
"""Numbers and words as Shelly's first generation, Tasmota's stat topics and ESPHome send them, and some that are none."""

HOMIE_PAYLOADS = ("float", "integer", "percent", "duration", "string", "ready", "lost", "kWh", "PT12H5M46S", "pot,lid")
"""Attributes and values of Homie."""

SPARKPLUG_PAYLOADS = (
    # a birth: a float with an alias and units, a negative Int16, bdSeq, a count in kWh; data by alias; a death
    bytes.fromhex(
        "0880d095ffbc3112220a014c10011880d095ffbc3120094a0d0a04756e69741205080c420143650000a44112100a046f66667310022002"
        "50fdffffff0f120b0a0562645365712004580712200a0165200a4a100a05756e6974731207080c42036b57686900000000000014401800"
    ),
    bytes.fromhex("08e8d795ffbc31120e100118e8d795ffbc3165000092421801"),
    bytes.fromhex("120b0a05626453657120045807"),
)
"""Messages of Sparkplug B."""

JSON_PAYLOADS = (
    # an agent, and what it says of itself
    '{"device_id":"web01","timestamp":1763800000.5,"metrics":{"cpu":{"percent":4.5,"core":{"0":{"percent":null}}},"net":{"eth0":{"recv":5}}}}',
    '{"name":"Web","hadd":"2041/0007","poll_delay":10,"address":"192.0.2.7","metrics":{"net.*.recv":{"label":"*","units":"B","counter":true,"every":10}}}',
    # Zigbee2MQTT: a climate sensor, a plug, a contact
    '{"battery":97,"humidity":48.31,"linkquality":156,"pressure":1013.2,"temperature":21.44,"voltage":3000}',
    '{"current":0.21,"energy":12.68,"linkquality":98,"power":41.5,"state":"ON","update":{"state":"idle","installed_version":-1}}',
    '{"battery":100,"contact":true,"last_seen":"2024-02-03T10:20:30+01:00","tamper":false,"color":{"x":0.31,"y":0.33}}',
    # and what it says of devices, groups, and who is there
    '[{"ieee_address":"0x00158d0001a2b3c4","friendly_name":"kitchen","type":"Router","definition":{"exposes":[{"type":"light","features":[{"type":"binary","property":"state","value_on":"ON","value_off":"OFF"},{"type":"composite","property":"level_config","features":[{"type":"numeric","property":"on_level"}]}]},{"type":"numeric","name":"energy","property":"energy","unit":"kWh","access":1}]}}]',
    '[{"id":1,"friendly_name":"kitchen","members":[]}]',
    '{"state":"offline"}',
    # Telegraf's JSON, collectd's, packs of SenML, Venus OS
    '{"metrics":[{"fields":{"used_percent":31.5,"up":true},"name":"mem","tags":{"host":"nas"},"timestamp":1458229140}]}',
    '[{"values":[1.9,null],"dstypes":["derive","gauge"],"dsnames":["rx","tx"],"time":1706955630.123,"host":"nas","type":"x"}]',
    '[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},{"n":"current","t":-5,"v":1.2},{"n":"open","vb":true},{"bv":1,"bs":2,"n":"sum","s":5,"ut":60}]',
    '{"max":null,"min":0,"value":13.319999694824219}', '{"value":null}', '{"value":"House bank"}', '{"value":[]}',
    # Tasmota: tele/NAME/SENSOR and STATE, and what a device says of itself
    '{"dn":"Plug","fn":["Plug",null],"hn":"plug-1234","mac":"D8BC38AABBCC","ofln":"Offline","onln":"Online","state":["OFF","ON","TOGGLE","HOLD"],"t":"plug","ft":"%prefix%/%topic%/","tp":["cmnd","stat","tele"],"rl":[1,2],"swn":[null],"dslp":0}',
    '{"ZbReceived":{"0x329F":{"Device":"0x329F","Name":"Attic","Temperature":27.89,"Endpoint":1,"LinkQuality":94}}}',
    '{"Shutter1":{"Position":54,"Direction":-1},"POWER1":"ON","Switch1":{"Action":"OFF"},"Dimmer":50}',
    '{"Time":"2024-02-03T10:20:30","ENERGY":{"TotalStartTime":"2023-01-01T00:00:00","Total":123.456,"Power":[41,7],"Factor":0.93}}',
    '{"Time":"2024-02-03T10:20:30","AM2301":{"Temperature":21.5,"Humidity":48.0,"DewPoint":10.0},"TempUnit":"C"}',
    '{"Time":"2024-02-03T10:20:30","Uptime":"0T02:10:15","Vcc":3.49,"POWER1":"ON","Wifi":{"AP":1,"RSSI":72,"Signal":-64}}',
    # Shelly, second generation: status of a switch and an RPC notification
    '{"id":0,"source":"init","output":true,"apower":8.9,"voltage":237.5,"aenergy":{"total":6.532,"by_minute":[45.199,47.141,88.397]}}',
    '{"src":"shellyplus1-a8","dst":"house/events","method":"NotifyStatus","params":{"ts":1631186545.04,"switch:0":{"id":0,"output":false}}}',
    '{"id":0,"battery":{"V":5.1,"percent":62},"external":{"present":false},"counts":{"total":71},"tC":null,"value":true,"rssi":-60}',
    # Shelly, first generation: an announcement, a lamp, a motion sensor
    '{"id":"plug-1","model":"SHPLG-S","mac":"4C7525C18B12","ip":"192.168.1.40","new_fw":false,"name":"Boiler","gen":2}',
    '{"ison":true,"mode":"color","red":255,"gain":80,"brightness":36,"temp":2700,"power":5.6,"overpower":false}',
    '{"motion":true,"bat":{"value":98},"lux":51,"tmp":{"value":22.9,"units":"F"},"sensor":{"motion":true},"wifi_sta":{"rssi":-55}}',
    # ESPHome: a light; OpenMQTTGateway: Bluetooth, 433 MHz, the gateway
    '{"state":"ON","color_mode":"rgb","brightness":204,"color":{"r":255,"g":128,"b":0},"effect":"None"}',
    '{"id":"A4:C1:38:CF:01:56","name":"ATC_CF0156","rssi":-65,"model":"TPMS","tempc":21.1,"hum":"50.5","pres":2,"weight":7,"unit":"lb"}',
    '{"model":"WS","subtype":0,"channel":"A","id":7,"battery_ok":1,"temperature_C":21.3,"temperature_F":70.3,"rain_mm":12.5,"rssi":-81}',
    '{"uptime":60405,"freemem":115572,"tempc":57.8,"temp":27.8,"unit":"F","rssi":-39,"SSID":"home","modules":["WebUI"]}',
    # Janitoo: a value object, by index, and by uuid and index
    '{"hadd":"0014/0001","uuid":"temperature","index":0,"genre":2,"type":3,"data":"21.5","units":"°C","label":"Living","help":null}',
    '{"0":{"hadd":"0014/0001","uuid":"temperature","genre":2,"type":3,"data":21.5},"1":{"hadd":"0014/0001","uuid":"temperature","genre":2,"data":null}}',
    '{"cpu":{"0":{"hadd":"0025/0003","uuid":"cpu","index":"0","genre":1,"type":22,"data":"0.1|0.2||x","rrd_type":"GAUGE"}}}',
    '{"hadd":"0025/0003","uuid":"poll","index":0,"genre":3,"type":4,"data":300,"cmd_class":112,"added":{"$date":1423}}',
    # Homie 5: what a device says of itself
    '{"homie":"5.0","version":7,"name":"Kettle","root":"bridge","nodes":{"pot":{"name":"Pot","properties":{"heat":{"datatype":"float","unit":"kWh"}}}}}',
    # Home Assistant's discovery: an entity, a device, and templates that compute
    '{"~":"k","name":"Heat","stat_t":"~/state","val_tpl":"{{value_json.t}}","avty_t":"~/lwt","uniq_id":"k_t","dev":{"ids":["k"],"name":"K"}}',
    '{"dev":{"ids":"k"},"cmps":{"e":{"p":"sensor","stat_cla":"total_increasing","val_tpl":"{{value_json.e|float*2}}"},"r":{"p":"switch"}},"stat_t":"k/state"}',
    '{"schema":"json","stat_t":"k/state","avty":[{"t":"k/lwt","val_tpl":"{{value_json.s|default(0)|string}}"}],"avty_mode":"all"}',
    '{"stat_t":"k/state","val_tpl":"{{{\'ON\':1}[value_json.state]~(value|replace(\'a\',\'bb\'))}}","exp_aft":60}',
    '{"t":21.5,"e":3,"s":"online","state":"ON","brightness":200,"color_temp":370}',
    # what is at the edge
    '[1,-0.0,1e400,NaN,-Infinity,123456789012345678901234567890,18446744073709551616,0.1e-5]',
    '{"a":[{"b":[[1,"2"],{"":3,"c.d":4,"e\\\\f":5}]}],"a.b":6,"\\u0000":7,"\\ud83d\\ude00":8}',
    '{"a":1,"a":{"t":2},"a":[3]}',
    '{"a":"\\ud800","n":NaN}',
    '{"t":1706955630000,"value":true,"v":" 21.5 ","u":"W","l":"Oven"}',
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
)  # fmt: skip
"""Documents of Zigbee2MQTT, Tasmota, Shelly and Janitoo, and the edges of JSON."""

TOKENS = (
    "null", "true", "false", "NaN", "-Infinity", "1e400", "-0", "1e-400", "9007199254740993", "18446744073709551616", "[", "]",
    "{", "}", ":", ",", '"', "\\", "\\u0000", "\\ud800", "\ufeff", "\x00", "\x1c", "\u00a0", "°C", "|", ".", "/", "#", "+", "$",
    "_", '"data":', '"hadd":"0001/0001"', '"uuid":', '"index":', '"genre":2', '"type":22', '"time":', '"value":', '"ENERGY":',
    "2024-02-03T10:20:30Z", "20240203 1020", "1706955630", "4102444800", "315532799.9", "0001/0001", "on", "%",
)  # fmt: skip
"""Pieces that the engines put in."""

TOPIC_PAIRS = (
    "#|a/b", "+/b|a/b", "a/+/c|a//c", "a/#|a", "/#|/a", "+|", "$SYS/#|$SYS/x", "+/x|$SYS/x", "#|$x", "a/+|a/+", "a/#|a/#",
    "+/+|/", "0014/0001|0014/0001", "a#|a#", "a/#/b|a", "//|//", "é/+|é/\x00",
)  # fmt: skip
"""A filter and a topic, with a pipe between them."""

INIS = (
    """\
[system]
home_dir = ./rrd
broker_ip = 127.0.0.1
broker_port = 1883
broker_password = a:b=c

[datarrd]
hadd = 0014/0000
""",
    """\
[datarrd]
hadd = 0014/0000
components.heat = datarrd.datasource

[datarrd__heat]
hadd = 0014/0001
rrd_file_0 = heat
rrd_step_0 = 300
source_config_0 = 0001/0001|temp|0|GAUGE|living
source_config_1 = 0001/0001|temp|1|COUNTER|kitchen
""",
    """\
[schema__fast]
pattern = tele[.].*
step = 1
retention = 1s:1h, 10s:1d, 1m:7d
hold = 1h
reorder_window = 10

[series__attic]
pattern = tele[.]attic
label = Under the roof
units = K
log = True
step = 1
retention = 1s:2h
hold = 5m
""",
    """\
[decoder__tele]
topics = tele/#, sensors/+/temperature
kind = json
value = ENERGY.Power
time = Time
""",
    """\
[http]
hadd = 0018/0000
http_host_0 = localhost
http_port_0 = 8081
; a comment
# another
""",
    """\
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = INFO
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
[formatter_plain]
format = %(message)s
""",
    """\
[hostsensor]
hadd = 0030/0000
components.cpu = hostsensor.psutil
[hostsensor__cpu]
hadd = 0030/0001
""",
    "",
    "\ufeff[system]\r\nservice = x\r\n",
)
"""Configurations, whole and in parts."""

INI_TOKENS = (
    "[system]", "[datarrd]",
    "[http]", "[schema__default]", "[schema__]", "[decoder__x]", "[loggers]", "[handler_x]", "[", "]", "=", ":", "\n", "\r",
    "[series__x]", "log = ",
    "\n ", "\n\t", "\x0c", "\x85", "\u2028", ";", "#", " ;", "_0", "_00", "_9999999999", "__", "components.x = ", "step = ",
    "retention = ", "10s:1d", "1e9", "99999999999999999999", "0.5s", "1y", "((", "[[a]", "(?i)", "a{1,2}{3}", "\\1",
    "source_config_0 = ", "|", "%(x)s", "${x}", "hadd = 0001/0001", "keys = ", "level = ", "JNT_SYSTEM_", "٣", "topics = #",
)  # fmt: skip

REQUESTS = (
    "GET /", "GET /rrd/?span=1d&q=living+room&page=2", "GET /rrd/series/heat",
    "GET /rrd/graph/heat.png?start=-1d&end=now&width=400&height=100&cf=MAX&theme=dark&title=0&legend=1",
    "GET /rrd/graph/heat.svg?start=20240101&end=start%2B1w\nIf-None-Match: \"abc\", W/\"d\"", "GET /rrd/graph/none.png",
    "GET /rrd/rrds/index.txt\nHost: localhost:8081",
    "GET /rrd/rrds/heat.rrd\nRange: bytes=0-10\nIf-Modified-Since: Sat, 03 Feb 2024 10:20:30 GMT",
    "GET /api/v1/series?limit=2&cursor=MWhlYXQ", "GET /api/v1/series/heat",
    "GET /api/v1/series/heat/data?start=-1h&end=now&cf=AVERAGE&cf=MAX&step=60&max_points=100",
    "GET /api/v1/data?series=heat&series=heat:value&format=csv", "GET /api/v1/values?series=heat\nAccept: text/csv;q=0.5",
    "GET /api/v1/series/%2e%2e%2fetc%2fpasswd",
    "GET /api/v1/nodes?limit=1000", "GET /api/v1/nodes/0014/0001",
    "POST /api/v1/flush?series=heat\nOrigin: http://localhost:8081\nContent-Length: 3\n\nabc",
    "POST /api/v1/flush\nContent-Type: multipart/form-data; boundary=x\nContent-Length: 5\n\n--x--",
    "HEAD /healthz\nAccept-Encoding: gzip", "GET /metrics", "GET /status", "OPTIONS /static/style.css\nIf-Range: x",
    "DELETE /api/v1/series/heat\nHost: [::1]:8081",
)  # fmt: skip
"""Requests: method and target, headers, and after an empty line the body."""

REQUEST_TOKENS = (
    "?", "&", "=", "%00",
    "%ff", "%2f", "%2e%2e/", "//", "+", "%F0%9F%98%80", "%ed%a0%80", ";", "#", "\n", ": ", "\t", "start=", "end=", "now", "-1d",
    "end-1w", "noon", "midnight", "teatime", "start+1h", "99999999999", "4294967296", "-1", "0", "1e9", "12am", "20240230",
    "08/30/2024", "Jan 1 2024", "monday", "width=", "4001", "cf=LAST", "step=", "limit=", "cursor=", "MQ", "q=", "page=",
    "max_points=", "format=csv", "series=", "2024-01-31T12:00:00Z",
    "Host: ", "Range: bytes=", "-5,3-", "If-None-Match: *", "If-Modified-Since: ", "Content-Length: ", "Transfer-Encoding: ",
    "Cookie: ", "Origin: null", "Sec-Fetch-Site: cross-site", "X-Forwarded-Host: x", "[::1]", "é",
)  # fmt: skip


def as_bytes(*groups: tuple[str, ...]) -> list[bytes]:
    """Texts as the bytes that are put in."""
    return [text.encode("utf-8", "surrogatepass") for group in groups for text in group]
