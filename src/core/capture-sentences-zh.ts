/** What is said about captures, in Chinese by its English wording: the part of `sentences-zh.ts` that belongs to them. */
export const captureSentences = {
  // captured.ts
  "Captured at {points}, at the least covered one for {share} of the asked time: {packets}; {dropped} more were lost by the recorders, {files} let go.":
    "在 {points}抓包，覆盖最少的一个达到所要求时间的 {share}：{packets}；另有 {dropped} 个被抓包程序丢失，{files}被放弃。",
  "{measured} {captured}": "{measured}{captured}",
  "{count} file": "{count} 个文件",
  "{count} files": "{count} 个文件",

  // capture-triggers.ts, cluster/capture-gaps.ts
  "lost packets": "丢包",
  retransmissions: "重传",
  resets: "连接重置",
  "failed handshakes": "握手失败",
  "failed DNS queries": "DNS 查询失败",
  "a kernel event": "内核事件",
  "{what} at {at}": "{at} 的{what}",
  "whole packets: {reason}": "完整数据包：{reason}",
  "whole packets around {missing} of {all} triggers were let go, or not all were kept: {names}":
    "{all} 个触发时刻中有 {missing} 个前后的完整数据包被放弃或未全部保留：{names}",
  "packets around {missing} of {all} triggers were let go, or not all were kept: {names}":
    "{all} 个触发时刻中有 {missing} 个前后的数据包被放弃或未全部保留：{names}",

  // tap-hooks.ts
  "{tap} shows what has left its queue (qdisc)": "{tap} 上看到的是已离开发送队列（qdisc）的包",
  "{tap} shows what has come in, before tc ingress and netfilter":
    "{tap} 上看到的是刚收到、尚未经过 tc ingress 和 netfilter 的包",
  "the network stack of {node}": "{node} 的网络协议栈",
  "NIC and driver of {node}": "{node} 的网卡和驱动",
  "cables, switches and routers": "线缆、交换机和路由器",
  "NIC, receive ring and XDP programs of {node}": "{node} 的网卡、接收环和 XDP 程序",
  "the cable (veth) between the pod and its node": "pod 与节点之间的 veth",
  "the backlog of the CPU that takes packets off it (softnet)": "收包 CPU 的 backlog（softnet）",
  "XDP programs of {device}": "{device} 的 XDP 程序",
  "programs at tc ingress of {device}": "{device} 的 tc ingress 程序",
  "tc egress and the queue (qdisc) of {device}": "{device} 的 tc egress 和发送队列（qdisc）",
  "the reverse-path filter": "反向路径过滤",
  "netfilter (PREROUTING, FORWARD, POSTROUTING) and conntrack":
    "netfilter（PREROUTING、FORWARD、POSTROUTING）和 conntrack",
  "routes and neighbour entries": "路由和邻居表项",
  "the bond's choice of a member": "bond 对成员网卡的选择",
  "encapsulation by {device}": "{device} 的封装",
  "netfilter (OUTPUT, POSTROUTING) for the outer packet, its route and neighbour":
    "外层包的 netfilter（OUTPUT、POSTROUTING）、路由和邻居",
  "the bond, which takes packets of active members only": "bond（只接收活动成员的包）",
  "netfilter (PREROUTING, INPUT) and the reverse-path filter for the outer packet":
    "外层包的 netfilter（PREROUTING、INPUT）和反向路径过滤",
  "checks of the tunnel {device}: network identifier, checksum, sender":
    "隧道 {device} 的检查：网络标识、校验和、发送方",
  "state, filters and forwarding table of the bridge {device}": "网桥 {device} 的端口状态、过滤规则和转发表",
  "the bridge that {device} is a port of, if it is one": "{device} 所属的网桥（如果有）",

  // capture-loss-located.ts
  "{lost} of {sent} that {from} saw came neither to {to} nor to any point behind it: {share} ({interval})":
    "{from} 上看到的 {sent}中有 {lost} 个既没有出现在 {to}，也没有出现在其后的任何抓包点：{share}（{interval}）",
  "only this way: from {from} to {to} {lost} of {sent} were lost":
    "仅此方向：从 {from} 到 {to} 的 {sent}丢失 {lost} 个",
  "the other way, from {from} to {to}, {lost} of {sent} were lost": "反方向从 {from} 到 {to} 的 {sent}丢失 {lost} 个",
  "all of them in the second from {first} on": "全部发生在 {first} 起的一秒内",
  "lost in {seconds} from {first} to {last}, most of them ({count}) at {second}":
    "从 {first} 到 {last} 共有 {seconds}丢包，最多的一秒是 {second}（{count} 个）",
  "{count} second": "{count} 秒",
  "{count} seconds": "{count} 秒",
  "size decides: the smallest that was lost has {lost} bytes, the largest that came through {seen}":
    "与大小有关：丢失的最小包为 {lost} 字节，通过的最大包为 {seen} 字节",
  "{from}; {to}": "{from}；{to}",
  "between the two lie {hooks}": "两点之间有：{hooks}",
  "up to {excused} of the {lost} may have been missed by the recorders":
    "其中最多 {excused} 个（共 {lost} 个）可能是抓包漏掉的",
  "too few packets were seen at two points, each way, to compare them": "两个抓包点上每个方向看到的包太少，无法比较",
  "{packets} were followed over {points}: {lost} were lost on the way":
    "在 {points}上跟踪了 {packets}：途中丢失 {lost} 个",
  "{packets} were followed over {points}, {lost} were lost on the way; not all that {taps} recorded was kept":
    "在 {points}上跟踪了 {packets}，途中丢失 {lost} 个；{taps} 的抓包没有全部保留",
  "{count} point": "{count} 个抓包点",
  "{count} points": "{count} 个抓包点",
  "{lost} of {sent} from {from} to {to} are missing: too few to tell":
    "从 {from} 到 {to} 的 {sent}缺少 {lost} 个：太少，无法判断",
  "{lost} of {sent} from {from} to {to} are missing, but about as many that nobody sent appeared: they were changed":
    "从 {from} 到 {to} 的 {sent}缺少 {lost} 个，但出现了大约同样多没有人发送的包：它们在途中被改动",
  "{lost} of {sent} from {from} to {to} are missing, but about as many were missed by the recorders":
    "从 {from} 到 {to} 的 {sent}缺少 {lost} 个，但抓包漏掉的也大约有这么多",
  "{lost} of {sent} from {from} to {to} are missing, but not all that was recorded there was kept":
    "从 {from} 到 {to} 的 {sent}缺少 {lost} 个，但那里的抓包没有全部保留",
  "Look at the pod's cable on {node}: whether the pod's CPUs keep up, and what programs are attached to {device}":
    "检查 {node} 上 pod 的 veth：收包 CPU 是否跟得上，{device} 上挂载了哪些程序",
  "Look at what connects {from} with {to}: switch ports, cables, bonds, limits of the cloud network, receive rings":
    "检查连接 {from} 与 {to} 的部分：交换机端口、线缆、bond、云网络的限制、接收环",
  "Look at what {node} does with packets between {from} and {to}: packet filters, reverse-path filter, routes, queues":
    "检查 {node} 在 {from} 与 {to} 之间如何处理包：包过滤规则、反向路径过滤、路由、队列",

  // captured-opens.ts
  "captured: of {count} at {first}, {there} came to {last} and {few} to {next}: they vanish between these two":
    "抓包：{first} 上看到 {count}，其中 {there} 次到达 {last}，{few} 次到达 {next}：在这两点之间消失",
  "captured: of {count} at {first}, {there} came to {last}, and {accepted} were answered there":
    "抓包：{first} 上看到 {count}，其中 {there} 次到达 {last}，在那里得到应答的有 {accepted} 次",
  "captured: {accepted} of {count} were answered at {last}; the answers vanish between {seen} and {unseen}":
    "抓包：{count}中有 {accepted} 次在 {last} 得到应答；应答在 {seen} 与 {unseen} 之间消失",
  "{count} attempt to connect": "{count} 次连接尝试",
  "{count} attempts to connect": "{count} 次连接尝试",

  // captured-sizes.ts
  "captured at {tap}: full-size segments of {bytes} bytes were sent again and again in {connections}, smaller ones were acknowledged":
    "{tap} 抓包：{connections}中 {bytes} 字节的满尺寸段被反复重发，较小的段则得到确认",
  "captured: of what {from} saw, packets of {lost} bytes and more did not come to {to}, those of up to {seen} bytes did":
    "抓包：{from} 上看到的包中，{lost} 字节及以上的没有到达 {to}，{seen} 字节及以下的到达了",
  'captured: no "fragmentation needed" came to {tap}': "抓包：没有“需要分片”的消息到达 {tap}",

  // reset-by-peer.ts, reset-by-middle.ts
  "captured at {tap}: {resets} as they left {pod}": "{tap} 抓包：看到 {resets}从 {pod} 发出",
  "captured: {resets} in the name of {pod} were first seen at {seen}, and not at {unseen}, which is nearer to it":
    "抓包：以 {pod} 名义发出的 {resets}最早出现在 {seen}，而离它更近的 {unseen} 上没有",
  "captured: {resets} in the name of {pod} were first seen at {seen}, and not at {unseen}, which is nearer to it; they come with TTL {ttl}, its other packets with {usual}":
    "抓包：以 {pod} 名义发出的 {resets}最早出现在 {seen}，而离它更近的 {unseen} 上没有；它们的 TTL 是 {ttl}，它的其他包是 {usual}",
  "no connection was opened or recorded that could be reset": "没有打开或抓到任何可能被重置的连接",

  // node-second-address.ts
  "captured at {tap}: {wrong} of {all} that its tunnel sent have the outer source {source}":
    "{tap} 抓包：隧道发出的 {all}中有 {wrong} 个外层源地址为 {source}",
  "captured at {far}: none of them came there, so they are dropped on the way":
    "{far} 抓包：这些包一个也没有到达，在途中被丢弃",
  "captured at {far}: {came} of them came there, so {peer} itself drops them":
    "{far} 抓包：其中 {came} 个到达，是 {peer} 自己丢弃了它们",

  // slow-receiver.ts, server-slow.ts, duplicate-ip.ts, dns-path-loss.ts
  "captured at {tap}: windows of connections to port {port} were closed for {time} in all":
    "{tap} 抓包：到 {port} 端口的连接出现零窗口，合计 {time}",
  "captured at {tap}: requests arrived, and {answers} left only {mean} later on average, {longest} at the longest":
    "{tap} 抓包：请求已到达，{answers}平均在 {mean} 之后才发出，最长 {longest}",
  "{count} answer": "{count} 个应答",
  "{count} answers": "{count} 个应答",
  "captured at {tap}: {ip} was announced by {macs} in turn, {changes}":
    "{tap} 抓包：{ip} 由 {macs} 轮流通告，{changes}",
  "{count} change": "变化 {count} 次",
  "{count} changes": "变化 {count} 次",
  "captured at {tap}: {queries}, of which {unanswered} got no answer there and {repeated} were sent again":
    "{tap} 抓包：{queries}，其中 {unanswered} 个在那里没有得到应答，{repeated} 个被重发",

  // oom-stall.ts
  "captured at {tap}: {hits} of {all} in which data was sent again began within {lag} of a kill; by chance that happens in {chance} of cases":
    "{tap} 抓包：{all}重传中有 {hits} 段在 OOM 终止后 {lag} 内开始；偶然出现的概率为 {chance}",

  // idle-timeout.ts
  "no capture of the path is whole": "路径上没有完整的抓包",
  "no connection was silent and spoke again while it was recorded": "抓包期间没有连接在静默之后重新通信",
  "{lived} connections outlived silences of up to {longest}, {cut} did not":
    "{lived} 条连接在最长 {longest} 的静默后仍然正常，{cut} 条没有",
  "captured at {tap}: {count} did not outlive a silence of {least} to {most}; what followed was reset on {resets} and got no answer on {silent}":
    "{tap} 抓包：{count}在静默 {least} 到 {most} 之后中断；其中 {resets} 条被重置，{silent} 条没有应答",
  "{cut} connections did not outlive a silence, all of them silent at the same time: an end may have restarted":
    "{cut} 条连接在静默之后中断，但它们是同时静默的：可能是某一端重启过",
  "silences of up to {longest} were outlived": "最长 {longest} 的静默之后连接仍然正常",
  "between {connections}": "涉及 {connections}",
  "no silence was outlived that could be compared with": "没有可供比较的、静默之后仍正常的连接",
  "captured at {tap}: {count} were reset after {least} of silence, and nobody had spoken":
    "抓包（{tap}）：{count}在静默 {least} 后被重置，其间双方都没有发送数据",
  "they were seen at {first}, but not at {before}: what lies between sends them":
    "这些重置在 {first} 可见、在 {before} 不可见：由两点之间的设备发出",
  "{pod} itself sends them, which may be its way to end what is not used":
    "重置由 {pod} 自己发出，这可能是它结束闲置连接的方式",
  "Let the programs send keep-alives, or close connections, before {seconds} s of silence":
    "让程序在静默 {seconds} 秒之前发送 keep-alive 或关闭连接",
  "Or raise the idle time-out of what lies between: load balancer, firewall, NAT gateway, conntrack":
    "或调大中间设备的空闲超时：负载均衡、防火墙、NAT 网关、conntrack",
  "what followed was seen at {last}, but not at {next}: what lies between has forgotten the connection":
    "静默之后的包在 {last} 上看到，而 {next} 上没有：两点之间的设备已丢弃该连接的状态",
  "what followed came to {last}: {pod} itself has forgotten the connection":
    "静默之后的包到达了 {last}：是 {pod} 自己丢弃了该连接",
  "{seconds} s is what {who} allows by default": "{seconds} 秒是 {who} 的默认空闲超时",
} as const satisfies Readonly<Record<string, string>>;
