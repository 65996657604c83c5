/** What is said about captures, in Chinese by its English wording: the part of `sentences-zh.ts` that belongs to them. */
export const captureSentences = {
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
} as const satisfies Readonly<Record<string, string>>;
