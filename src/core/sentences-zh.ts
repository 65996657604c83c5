/**
 * The Chinese wording of everything that is said about causes, by its English wording. One block per file that speaks, in
 * the order of the alphabet; names in braces are the same in both languages.
 */
export const chinese = {
  // sentence.ts: lists and counted nouns
  "{count} more": "另外 {count} 个",
  "{count} packet": "{count} 个包",
  "{count} packets": "{count} 个包",
  "{count} leg": "{count} 条测量线路",
  "{count} legs": "{count} 条测量线路",
  "{count} echo": "{count} 次 ping",
  "{count} echoes": "{count} 次 ping",
  "{count} connect": "{count} 次连接",
  "{count} connects": "{count} 次连接",
  "{count} time": "{count} 次",
  "{count} times": "{count} 次",

  // forwarding-disabled.ts
  "the forwarding switches of no node of the path were read": "路径上没有一个节点的转发开关被读到",
  "{nodes} forward packets, or nothing of their pods is cut off": "{nodes} 正常转发，或其 Pod 没有中断",
  "on {node} forwarding is switched off: {switches}": "{node} 上的转发已关闭：{switches}",
  "it was switched off while the check ran": "它是在检查期间被关闭的",
  "cut off between its pods and what lies beyond the node: {legs}": "该节点的 Pod 与节点以外之间已中断：{legs}",
  "{node} refused {packets} that were not for itself (IpInAddrErrors)":
    "{node} 拒收了 {packets}，它们的目的地不是本机（IpInAddrErrors）",
  "{leg} passes all the same": "{leg} 仍然畅通",
  "Switch forwarding on at {node}: sysctl -w net.ipv4.ip_forward=1":
    "在 {node} 上打开转发：sysctl -w net.ipv4.ip_forward=1",
  "Find what switched it off, usually a file in /etc/sysctl.d or a hardening job that ran sysctl --system":
    "查明是什么把它关掉的，通常是 /etc/sysctl.d 里的文件，或执行了 sysctl --system 的加固任务",

  // node-second-address.ts
  "the addresses of no node of the path were read": "路径上没有一个节点的地址被读到",
  "the tunnel of {node} sends with {source} instead of {registered}, but that is not why packets are lost":
    "{node} 的隧道以 {source} 而不是 {registered} 发包，但这不是丢包的原因",
  "{nodes} send with the addresses that the cluster knows": "{nodes} 使用集群登记的地址发包",
  "{tunnel} on {node} sends with the outer source {source}, but the cluster knows the node as {registered}":
    "{node} 上的 {tunnel} 用 {source} 作外层源地址，而集群登记的该节点地址是 {registered}",
  "pods across {node} are cut off: {legs} to and from {peers}, {lost} lost":
    "经过 {node} 的 Pod 流量中断：与 {peers} 之间 {legs}，丢了 {lost}",
  "what leaves {node} is lost ({bad} of {of} to {peer}), what comes to it arrives":
    "从 {node} 出去的会丢（发往 {peer} 的 {of}中丢 {bad} 个），进来的都能到达",
  "the nodes themselves reach each other: {lost} of {sent} lost": "节点之间本身是通的：{sent}，丢 {lost} 次",
  "pods of {peer} get through to it all the same": "{peer} 的 Pod 与它之间仍然畅通",
  "Turn DHCP off for {device} on {node}, so that only {registered} is left":
    "在 {node} 上关闭 {device} 的 DHCP，只保留 {registered}",
  "Remove {source} from {device} on {node}, or bind the pod network to {registered}":
    "从 {node} 的 {device} 上删除 {source}，或把 Pod 网络绑定到 {registered}",
  "Restart the pod network's agent on {node}: it chooses the source address when it starts":
    "重启 {node} 上的 Pod 网络代理：它在启动时选择源地址",
  "{address} (dynamic, from DHCP)": "{address}（动态，来自 DHCP）",
  "{address} (static)": "{address}（静态）",
  "{device} of {node} has {count} addresses: {addresses}": "{node} 的 {device} 有 {count} 个地址：{addresses}",

  // tunnel-entry-wrong.ts
  "{bad} of {of} of pods from {node} to {peer} are lost, what comes back arrives":
    "从 {node} 到 {peer} 的 Pod 流量：{of}中丢了 {bad} 个，反方向能到达",
  "pods of {node} and {peer} do not reach each other: {legs} cut off": "{node} 与 {peer} 的 Pod 互不相通：{legs}中断",
  "{tunnel} on {node} dropped {packets} it had no far end for": "{node} 上的 {tunnel} 因找不到对端丢弃了 {packets}",
  "Restart the pod network's agent on {node}: it writes these entries anew":
    "重启 {node} 上的 Pod 网络代理：它会重写这些表项",
  "Look in its log for why it missed the change of {peer} (watch lost, stale node object)":
    "在它的日志里查明为何错过了 {peer} 的变更（watch 断开、节点对象陈旧）",
  "no tunnel between the nodes of the path has entries that could be read": "路径节点之间没有可读取表项的隧道",
  "the tunnel entries of {nodes} lead to the right nodes, or nothing is cut off":
    "{nodes} 的隧道表项指向正确的节点，或没有流量中断",
  "on {node} the neighbour entry of {hop} ({tunnel}) has {mac}, which is {owner}; the tunnel of {peer} has {real}":
    "{node} 上 {hop}（{tunnel}）的邻居表项是 {mac}，那是 {owner}；{peer} 的隧道实际是 {real}",
  "on {node} the neighbour entry of {hop} ({tunnel}) has {mac}; the tunnel of {peer} has {real}":
    "{node} 上 {hop}（{tunnel}）的邻居表项是 {mac}；{peer} 的隧道实际是 {real}",
  "on {node} no forwarding entry of {tunnel} leads to {mac}, the tunnel of {peer}":
    "{node} 上 {tunnel} 没有通往 {mac}（{peer} 的隧道）的转发表项",
  "on {node} the forwarding entry of {tunnel} for {peer} ({mac}) leads to {to}, which is {owner}, not to {registered}":
    "{node} 上 {tunnel} 为 {peer}（{mac}）设的转发表项指向 {to}，那是 {owner}，而不是 {registered}",
  "on {node} the forwarding entry of {tunnel} for {peer} ({mac}) leads to {to}, not to {registered}":
    "{node} 上 {tunnel} 为 {peer}（{mac}）设的转发表项指向 {to}，而不是 {registered}",
  // nic-facts.ts
  "unknown speed": "未知速率",
  "{speed} half duplex": "{speed} 半双工",
  "{speed} full duplex": "{speed} 全双工",
  "{speed}, duplex unknown": "{speed}，双工模式未知",
  "{place} {link}": "{place} {link}",
  "links of the other nodes of the check: {links}": "本次检查中其他节点的链路：{links}",
  "{bad} of {all} legs through {node} lost packets or had late ones":
    "经过 {node} 的 {all} 条测量线路中有 {bad} 条丢包或延迟",
  "the links of {nodes} could not be read": "无法读取 {nodes} 的链路状态",
  "the path crosses no link between nodes": "该路径不经过节点之间的链路",
  "links of the path: {links}": "路径上的链路：{links}",

  // link-half-duplex.ts
  "{count} collision": "{count} 次冲突",
  "{count} collisions": "{count} 次冲突",
  "the NICs of the path report no duplex, as virtual NICs do": "路径上的网卡不报告双工模式（虚拟网卡即如此）",
  "the link of {node} ({device}) runs at {link}": "{node} 的链路（{device}）运行在 {link}",
  "{device} counted {collisions} during the check": "检查期间 {device} 记录了 {collisions}",
  "whether full duplex is possible there is not known": "不清楚该处是否支持全双工",
  "the NIC supports up to {speed} full duplex": "该网卡最高支持 {speed} 全双工",
  "the NIC supports up to {speed}": "该网卡最高支持 {speed}",
  "the other side of the cable offers up to {speed}": "对端最高提供 {speed}",
  "auto-negotiation is on": "自动协商已开启",
  "auto-negotiation is off: the mode was set by hand": "自动协商已关闭：速率与双工为手工设置",
  "Set auto-negotiation on both sides of the cable of {node} ({device}), on the switch port too; a mode set by hand on one side gives half duplex on the other":
    "在 {node}（{device}）网线两端（包括交换机端口）都启用自动协商；一端手工固定模式会使另一端退回半双工",
  "Replace the cable and try another switch port when it negotiates the same again: one broken pair of wires is enough":
    "若重新协商结果不变，请更换网线并换一个交换机端口：一对线芯损坏就足以造成降速",
  "Move pods that need bandwidth away from {node} until then": "在修复之前，把需要带宽的 Pod 迁离 {node}",

  // link-slow.ts
  "the NICs of the path report no speed, as virtual NICs do": "路径上的网卡不报告速率（虚拟网卡即如此）",
  "the link of {node} ({device}) runs at {link}, others at {usual}; nothing on the path suffers from it":
    "{node} 的链路（{device}）运行在 {link}，其他节点为 {usual}；路径未因此受影响",
  "up to {share} of it was in use": "其带宽最高占用 {share}",
  "the NIC cannot do more: it may be slower on purpose": "该网卡本身最高就是这个速率：可能是有意为之",
  "with the load during the check nothing on the path suffered from it": "在检查期间的负载下，路径未因此受影响",
} as const satisfies Readonly<Record<string, string>>;
