/** The Chinese wording of what is said about causes in the pod network, in Services and in reaching next hops. See sentences-zh.ts. */
export const podNetworkSentences = {
  // suffering.ts
  "{leg} ({bad} of {of})": "{leg}（{of}中失败 {bad} 个）",
  "{legs} suffers: {which}": "{legs}受影响：{which}",
  "{legs} suffer: {which}": "{legs}受影响：{which}",
  // competing-bpf.ts, ebpf-map-full.ts
  "nothing is lost on the path": "该路径没有丢包",
  // address-range-overlap.ts
  "no other network of {nodes} takes the addresses of the path": "{nodes} 上没有其他网络占用该路径的地址",
  "the routing table of {nodes} was not read": "未能读取 {nodes} 的路由表",
  "on {node} {route} on {device}, a network of its own, covers {pods} of {peer}: their packets go there":
    "{node} 上 {device} 的 {route} 是它自己的网络，却覆盖了 {peer} 上的 {pods}：发往它们的包都走到那里去了",
  "{node} and {peer} have the same addresses for their pods: {range} and {other}":
    "{node} 与 {peer} 的 pod 地址段重叠：{range} 和 {other}",
  "Give one of the two networks other addresses: the range of the pods, or that of the bridge, VPN or VPC that overlaps":
    "为其中一个网络更换地址段：pod 的地址段，或与之重叠的网桥、VPN 或 VPC 的地址段",
  "Until then take the route away that covers them, if nobody needs it":
    "在此之前，如果没有人需要，先删除覆盖它们的路由",
  // bgp-down.ts
  "no BGP daemon answers on the nodes of the path": "该路径的节点上没有 BGP 守护进程应答",
  "the BGP sessions of {nodes} are up, or the routes are there": "{nodes} 的 BGP 会话正常，或路由仍在",
  "the BGP session {session} of {node} with {peer} is down: {state}":
    "{node} 与 {peer} 的 BGP 会话 {session} 已中断：{state}",
  "{node} has no route of its own to the pods of {peer}": "{node} 没有到 {peer} 上 pod 的专有路由",
  "it is not a session with {peer} itself": "这不是与 {peer} 本身的会话",
  "Let TCP port 179 through between {node} and {peer}": "在 {node} 与 {peer} 之间放行 TCP 179 端口",
  "Look in the log of BIRD on both sides for why the session ended: hold timer, wrong AS number or password, a node address that has changed":
    "在两端 BIRD 的日志中查找会话中断的原因：保持定时器、AS 号或密码错误、节点地址变化",
  // bridge-duplicates.ts
  "no echo of the path was answered twice, or only a few": "该路径没有 ping 收到两次应答，或只有少数几次",
  "echoes are answered twice, but not because of a bridge: none is promiscuous, or it happens between nodes, too":
    "ping 收到两次应答，但不是网桥造成的：没有网桥处于混杂模式，或节点之间同样如此",
  "echoes are answered twice, but the devices of no node of the path could be read":
    "ping 收到两次应答，但该路径上没有节点的设备可以读取",
  "{count} of {of} to and from pods of {node} were answered twice ({share})":
    "进出 {node} 上 pod 的 {of}中有 {count} 次收到两次应答（{share}）",
  "the bridge {bridges} of {node} takes all frames (PROMISC)": "{node} 的网桥 {bridges} 接收所有帧（PROMISC）",
  "Switch promiscuous mode of {bridge} off and use hairpin mode of its ports: kubelet's hairpin-mode hairpin-veth, the bridge plugin's hairpinMode":
    "关闭 {bridge} 的混杂模式，改用端口的 hairpin 模式：kubelet 的 hairpin-mode hairpin-veth，bridge 插件的 hairpinMode",
  // cni-agent-unhealthy.ts
  "the cluster shows no pods of a known pod network's agent": "集群中没有已知 pod 网络的代理 pod",
  "the pod network's agent is not well on {nodes}, but its pods are reached":
    "{nodes} 上的 pod 网络代理不正常，但其 pod 可以到达",
  "the pod network's agents of {nodes} are ready": "{nodes} 的 pod 网络代理均就绪",
  "no pod of the pod network's agent is on {node}; {ready} are ready on {nodes} nodes":
    "{node} 上没有 pod 网络代理的 pod；{nodes} 个节点上有 {ready} 个就绪",
  "{node} and {peers} themselves reach each other": "{node} 与 {peers} 节点本身可以互通",
  "it is ready again": "它已重新就绪",
  "Read the log of the agent on {node}, of its last run, too": "查看 {node} 上该代理的日志，包括上一次运行的日志",
  "Restart it there: it writes routes, tunnel entries and cables anew when it starts":
    "在那里重启它：启动时它会重新写入路由、隧道表项并重建链路",
  "{pod}, the agent of {network} on {node}, has restarted {count} times during the check":
    "{node} 上 {network} 的代理 {pod} 在检查期间重启了 {count} 次",
  "{pod}, the agent of {network} on {node}, is not ready: {reason}, {restarts} restarts":
    "{node} 上 {network} 的代理 {pod} 未就绪：{reason}，重启 {restarts} 次",
  "{pod}, the agent of {network} on {node}, is not ready since {since}: {reason}, {restarts} restarts":
    "{node} 上 {network} 的代理 {pod} 自 {since} 起未就绪：{reason}，重启 {restarts} 次",
  // competing-bpf.ts
  "BPF programs were not listed on the nodes of the path, or there are none":
    "未能列出该路径节点上的 BPF 程序，或者没有任何程序",
  "the BPF programs on the devices of {nodes} are in order, or nothing is lost there":
    "{nodes} 设备上的 BPF 程序正常，或那里没有丢包",
  "Find out who attached it: an observability or security agent, another pod network, one that was not removed":
    "查明是谁挂载的：可观测性或安全代理、另一个 pod 网络、或未清除干净的旧 pod 网络",
  "Take it off {device} of {node}, then restart the pod network's agent: it attaches its own programs anew":
    "从 {node} 的 {device} 上卸下它，再重启 pod 网络代理：它会重新挂载自己的程序",
  "on {device} of {node} {programs} took the place of {name} ({hook}) during the check":
    "检查期间，{node} 的 {device} 上 {programs} 取代了 {name}（{hook}）",
  "{device} of {node} has {programs} on {hook}, not {name} as the cables of {count} other pods":
    "{node} 的 {device} 在 {hook} 上是 {programs}，而不是其他 {count} 个 pod 链路上的 {name}",
  "{device} of {node} has several programs on {hook}: {programs}":
    "{node} 的 {device} 在 {hook} 上有多个程序：{programs}",
  // conntrack-invalid.ts
  "the counters of connection tracking could not be read": "未能读取连接跟踪的计数器",
  "{nodes} dropped no invalid packets while packets were lost, or only a few":
    "丢包期间 {nodes} 没有或只有少量包因 INVALID 被丢弃",
  "{node} dropped {packets} as INVALID: {rules}": "{node} 以 INVALID 为由丢弃了 {packets}：{rules}",
  "its connection tracking called {packets} invalid while packets were lost":
    "丢包期间，它的连接跟踪把 {packets}判为无效",
  "net.netfilter.nf_conntrack_tcp_be_liberal is {value} there":
    "那里的 net.netfilter.nf_conntrack_tcp_be_liberal 为 {value}",
  "Look whether packets of one connection take different ways there and back: then {node} sees only half of them":
    "检查同一连接的往返是否走不同的路径：那样 {node} 只能看到一半的包",
  "If the peers send outside their window, set net.netfilter.nf_conntrack_tcp_be_liberal=1 on {node}":
    "如果对端发送窗口之外的包，在 {node} 上设置 net.netfilter.nf_conntrack_tcp_be_liberal=1",
  // conntrack-stale-udp.ts
  "the connections of no node of the path could be read": "未能读取该路径任何节点的连接表",
  "UDP of {pods} to Services is led to living endpoints": "{pods} 发往 Service 的 UDP 都转发到了有效的后端",
  "{node} leads {connections} of {pod} to {service} (UDP {ip}:{port}) to {dead}, which is no endpoint of it":
    "{node} 把 {pod} 到 {service}（UDP {ip}:{port}）的 {connections}转发到 {dead}，而它不是该 Service 的后端",
  "packets kept these entries alive for {lasted} and none was answered ([UNREPLIED])":
    "这些表项被新的包维持了 {lasted}，没有任何应答（[UNREPLIED]）",
  "Delete the entries: conntrack -D -p udp --orig-dst {ip}, on {node}":
    "在 {node} 上删除这些表项：conntrack -D -p udp --orig-dst {ip}",
  "Update kube-proxy: it should delete them when an endpoint goes away (kubernetes#139628)":
    "升级 kube-proxy：后端消失时它应当删除这些表项（kubernetes#139628）",
  // data-plane-gaps.ts
  "{service} ({ip}) is translated by eBPF programs there: its backends in their maps were not read":
    "{service}（{ip}）在该处由 eBPF 程序转换：未读取其映射表中的后端",
  "pods' packets to other nodes are encrypted with {what}: at {devices} their inside cannot be seen":
    "pod 发往其他节点的包经 {what} 加密：在 {devices} 上看不到其内部",
  "security groups, firewall rules and routes of the cloud ({network}) lie outside of the nodes: they were not read":
    "云平台（{network}）的安全组、防火墙规则和路由在节点之外：未读取",
  "{network} keeps policies in eBPF maps: which packets they drop is not read there, nor are policies of its own kinds":
    "{network} 把策略保存在 eBPF 映射表中：未读取策略丢弃了哪些包，也未读取其自有类型的策略",
  "its further interfaces ({devices}) were not measured, only the one with {ip}":
    "未测量其其他接口（{devices}），只测量了地址为 {ip} 的接口",

  // data-plane-text.ts
  "{nodes}: {what}": "{nodes}：{what}",
  "{part}, {rest}": "{part}，{rest}",
  "routes by BGP": "BGP 路由",
  "routes of the nodes": "节点路由",
  "routes of the cloud": "云平台路由",
  "on the nodes' own network": "位于节点自身的网络",
  "veth in a bridge": "接入网桥的 veth",
  "routed veth": "路由式 veth",
  "veth in Open vSwitch": "接入 Open vSwitch 的 veth",
  "kube-proxy with {mode}": "kube-proxy（{mode}）",
  "Services by eBPF": "Service 由 eBPF 处理",
  "no Service rules in the packet filter": "包过滤规则中没有 Service 规则",
  "pod network not recognised": "未识别 pod 网络",
  "pod network not recognised (signs of {networks})": "未识别 pod 网络（有 {networks} 的迹象）",
  "way between nodes not recognised": "未识别节点间的承载方式",
  "encrypted with {what}": "以 {what} 加密",
  "Services not recognised": "未识别 Service 的处理方式",
  "NodeLocal DNS without a listener": "NodeLocal DNS 地址无人监听",
  "{count} NICs ({nics})": "{count} 张网卡（{nics}）",
  "pods with further interfaces": "pod 有其他接口",

  // ebpf-map-full.ts
  "no eBPF data plane on the nodes of the path tells how full its maps are":
    "该路径节点上没有 eBPF 数据面报告其映射表的使用率",
  "{nodes} dropped nothing for want of room in a map while packets were lost":
    "丢包期间 {nodes} 没有因映射表空间不足而丢弃包",
  "the data plane of {node} dropped {packets} while packets were lost: {reasons}":
    "丢包期间，{node} 的数据面丢弃了 {packets}：{reasons}",
  "its map {map} is filled to {share}": "其映射表 {map} 已使用 {share}",
  "no map shows a fill of 90 % or more": "没有映射表的使用率达到 90 % 以上",
  "Make the map larger on {node}: bpf-ct-global-tcp-max, bpf-ct-global-any-max, bpf-nat-global-max, bpf-policy-map-max, or bpf-map-dynamic-size-ratio":
    "在 {node} 上增大该映射表：bpf-ct-global-tcp-max、bpf-ct-global-any-max、bpf-nat-global-max、bpf-policy-map-max 或 bpf-map-dynamic-size-ratio",
  // ip-family-broken.ts
  "the ends do not both have addresses of both IP families": "两端并非都有两个 IP 协议族的地址",
  "too few echoes of both IP families were sent": "两个 IP 协议族的 ping 都太少",
  "both IP families work between the ends, or neither does": "两端之间两个 IP 协议族都通，或都不通",
  "{family} does not work from {from} to {to} ({ip}): {answered} of {sent} answered":
    "从 {from} 到 {to}（{ip}）的 {family} 不通：{sent}中有 {answered} 次应答",
  "{family} does ({ip}): {answered} of {sent} answered": "{family} 可以（{ip}）：{sent}中有 {answered} 次应答",
  "what came back: {errors}": "返回的错误：{errors}",
  "Compare routes, forwarding (net.ipv6.conf.all.forwarding) and packet filter rules of both families on the two nodes":
    "在两个节点上比较两个协议族的路由、转发设置（net.ipv6.conf.all.forwarding）和包过滤规则",
  "Look whether the pod network, its policies and the nodes' firewalls are set up for {family}":
    "检查 pod 网络、网络策略和节点防火墙是否配置了 {family}",
  // ip-range-exhausted.ts
  "no event says that a pod got no address": "没有事件表明 pod 未获得地址",
  "{pods} got no address, but nothing of the asked path waits for it": "{pods}未获得地址，但与所查路径无关",
  "{pods} have no address: {message} (last at {time}, {count} times)":
    "{pods} 没有地址：{message}（最近一次 {time}，共 {count} 次）",
  "Give the nodes a larger range, subnet or pool of pod addresses, or spread the pods over more nodes":
    "为节点分配更大的 pod 地址段、子网或地址池，或把 pod 分散到更多节点",
  "Look for addresses that are held by pods long gone: the files of host-local in /var/lib/cni/networks, `calicoctl ipam check`":
    "查找仍被早已消失的 pod 占用的地址：/var/lib/cni/networks 中 host-local 的文件，`calicoctl ipam check`",
  // ipam-leak.ts
  "{pod} on {node}": "{node} 上的 {pod}",
  "{ip} belongs to {pod} on {node} and to {others} as well, by the Kubernetes API":
    "根据 Kubernetes API，{ip} 属于 {node} 上的 {pod}，同时也属于 {others}",
  "Delete one of the pods, so that it gets another address": "删除其中一个 pod，让它获得另一个地址",
  "Bring the address management in order: `calicoctl ipam check` and `ipam release`, host-local's files in /var/lib/cni/networks, restart of the agent":
    "修复地址管理：`calicoctl ipam check` 和 `ipam release`，/var/lib/cni/networks 中 host-local 的文件，或重启代理",
  "no other living pod has an address of the path, or nothing is lost there":
    "没有其他运行中的 pod 占用该路径的地址，或那里没有丢包",
  // ipvs-backend-missing.ts
  "kube-proxy does not use IPVS on the nodes of the path": "该路径节点上的 kube-proxy 不使用 IPVS",
  "IPVS knows the backends of the asked Services, or connects succeed": "IPVS 知道所查 Service 的后端，或连接成功",
  "IPVS of {node} has no virtual server for {service} ({ip})": "{node} 的 IPVS 没有 {service}（{ip}）的虚拟服务",
  "IPVS of {node} has no backend for {service}: {missing} of {ready} are missing":
    "{node} 的 IPVS 没有 {service} 的后端：{ready}中缺少 {missing} 个",
  "{ip}, the address of {service}, is not on {device} of {node}": "{service} 的地址 {ip} 不在 {node} 的 {device} 上",
  "it lacks {endpoints}, too": "它还缺少 {endpoints}",
  "Look in its log for why it did not write them, and for another program that takes addresses off {device}":
    "在其日志中查找未写入的原因，并检查是否有其他程序删除了 {device} 上的地址",
  // ipvs-reuse-delay.ts
  "no Service was asked for by way of IPVS": "没有经由 IPVS 访问 Service",
  "the settings of IPVS could not be read": "未能读取 IPVS 的设置",
  "{nodes} do not put connections off: by their settings, their kernels, or as connects show":
    "根据设置、内核版本或连接结果，{nodes} 不会推迟连接",
  "{count} of {of} to Services from {node} took one second, until their second SYN ({share})":
    "从 {node} 到 Service 的 {of}中有 {count} 次用了一秒，直到第二个 SYN（{share}）",
  "{node} puts connections off that use a port again: net.ipv4.vs.conn_reuse_mode=1, conntrack=1, Linux {kernel}":
    "{node} 会推迟复用端口的连接：net.ipv4.vs.conn_reuse_mode=1、conntrack=1、Linux {kernel}",
  "connects to pods do not: {count} of {of}": "直接连接 pod 则不会：{of}中 {count} 次",
  "Update the kernel of {node} to 5.9 or later": "把 {node} 的内核升级到 5.9 或更高版本",
  "Until then set net.ipv4.vs.conn_reuse_mode to 0, and know what that does when a backend goes away (kubernetes#81775)":
    "在此之前把 net.ipv4.vs.conn_reuse_mode 设为 0，并了解后端消失时的影响（kubernetes#81775）",
  "Set net.ipv4.vs.expire_nodest_conn to 1: connections to a backend that is gone hang otherwise":
    "把 net.ipv4.vs.expire_nodest_conn 设为 1：否则到已消失后端的连接会挂起",
  // local-policy-no-endpoint.ts
  "no Service has a Local traffic policy": "没有 Service 使用 Local 流量策略",
  "no asked Service with a Local traffic policy fails on a node without endpoints":
    "没有使用 Local 流量策略的 Service 在无后端的节点上失败",
  "{bad} of {sent} from {node} to {service} fail": "从 {node} 到 {service} 的 {sent}失败 {bad} 次",
  "{bad} of {sent} to node port {port} of {node} ({service}) fail":
    "到 {node} 的节点端口 {port}（{service}）的 {sent}失败 {bad} 次",
  "{service} has {policy}, {ready} on {nodes}, and none on {node}":
    "{service} 设置了 {policy}，在 {nodes} 上有 {ready}，在 {node} 上没有",
  "on {nodes} it answers": "在 {nodes} 上有应答",
  "Run a pod of {service} on every node that uses it (a DaemonSet), or set its internalTrafficPolicy to Cluster":
    "在每个使用 {service} 的节点上运行它的 pod（DaemonSet），或把 internalTrafficPolicy 设为 Cluster",
  "Let the load balancer heed healthCheckNodePort of {service}, which says 503 on nodes without endpoints, or set its externalTrafficPolicy to Cluster":
    "让负载均衡器遵循 {service} 的 healthCheckNodePort（无后端的节点返回 503），或把 externalTrafficPolicy 设为 Cluster",
  // mixed-iptables-backends.ts
  "no node of the path has rules for Services in both of iptables' backends":
    "该路径没有节点在两种 iptables 后端中同时有 Service 规则",
  "{nodes} have rules for Services in both of iptables' backends, but Services work from there":
    "{nodes} 在两种 iptables 后端中都有 Service 规则，但从那里访问 Service 正常",
  "{node} has {legacy} rules for Services in the old tables of iptables and {nft} in those of nft":
    "{node} 在 iptables 旧表中有 {legacy} 条 Service 规则，在 nft 表中有 {nft} 条",
  "Find out which programs on {node} use which backend (iptables -V in each of their images), and let all use the same":
    "查明 {node} 上各程序使用哪种后端（在各自镜像中运行 iptables -V），并统一为同一种",
  "Take the rules out of the one that is left over: drain {node} and restart it, or kube-proxy --cleanup with that backend":
    "清除遗留后端中的规则：排空并重启 {node}，或用该后端执行 kube-proxy --cleanup",
  // neighbour-table-full.ts
  "the neighbour tables of the path could not be read": "未能读取该路径的邻居表",
  "the neighbour tables of {nodes} refused no entry while packets were lost": "丢包期间 {nodes} 的邻居表没有拒绝表项",
  "the kernel of {node} refused {count} new neighbour entries while packets were lost (table_fulls)":
    "丢包期间 {node} 的内核拒绝了 {count} 个新的邻居表项（table_fulls）",
  "its table holds {entries} entries, at most {max} (gc_thresh3)": "其表中有 {entries} 项，上限 {max}（gc_thresh3）",
  "its log says `neighbor table overflow!`": "其日志中有 `neighbor table overflow!`",
  "when it was read there was room in the table": "读取时表中仍有空间",
  "Raise net.ipv4.neigh.default.gc_thresh1, gc_thresh2 and gc_thresh3 on {node} above the number of pods and nodes that it talks to":
    "在 {node} 上把 net.ipv4.neigh.default.gc_thresh1、gc_thresh2 和 gc_thresh3 提高到它所通信的 pod 和节点数量以上",
  "Find out what makes so many entries on {node}: a scan, very large subnets, many pods":
    "查明 {node} 上表项过多的原因：扫描、过大的子网、大量 pod",
  // neighbour-unresolved.ts
  "the next hops of {places} have MAC addresses, or packets pass": "{places} 的下一跳都有 MAC 地址，或包可以通过",
  "{at} gets no answer to ARP for {hop} on {device}: the entry is {state} in {count} readings":
    "{at} 在 {device} 上对 {hop} 的 ARP 没有应答：{count} 次读取中表项为 {state}",
  "{at} discarded {count} packets meanwhile (IpOutDiscards)": "其间 {at} 丢弃了 {count} 个包（IpOutDiscards）",
  "Find out why {hop} does not answer ARP: its device, its settings (arp_ignore, arp off), a filter for ARP, its VLAN":
    "查明 {hop} 为何不应答 ARP：设备、设置（arp_ignore、arp off）、ARP 过滤、VLAN",
  "Look whether {device} of {at} is in the network in which {hop} is": "检查 {at} 的 {device} 是否与 {hop} 在同一网络",
  // pod-link-broken.ts
  "no pod was asked about": "没有检查 pod",
  "the devices of no pod of the path could be read": "未能读取该路径任何 pod 的设备",
  "the cables of {pods} are up, or they are reached": "{pods} 的链路正常，或可以到达",
  "Delete {pod} so that it is made anew, with a new cable": "删除 {pod}，让它连同链路一起重建",
  "Look in the log of the pod network's agent on {node} for what took the cable away":
    "在 {node} 上 pod 网络代理的日志中查找链路消失的原因",
  "{pod} has no device but lo": "{pod} 除 lo 外没有网络设备",
  "{device} of {pod} has no carrier": "{pod} 的 {device} 没有载波",
  "the other end of {device} of {pod} (device {index} of {node}) is not there":
    "{pod} 的 {device} 的另一端（{node} 的设备 {index}）不存在",
  "{device} on {node}, the other end of the cable of {pod}, is down": "{node} 上 {pod} 链路的另一端 {device} 已关闭",
  "{device} on {node} is on no bridge, {count} other pods' cables are on {bridge}":
    "{node} 上的 {device} 不在任何网桥上，其他 {count} 个 pod 的链路在 {bridge} 上",
  "{node} has no route to {target}, one of its own pods, but to others of them":
    "{node} 没有到本节点 pod {target} 的路由，到其他 pod 则有",
  // service-programming-lag.ts
  "no endpoint of an asked Service came or went during the check": "检查期间所查 Service 的后端没有变化",
  "the rules of {nodes} followed what the endpoints did, or connects succeed":
    "{nodes} 的规则已跟上后端的变化，或连接成功",
  "{failed} of {sent} to {service} from {node} fail": "从 {node} 到 {service} 的 {sent}失败 {failed} 次",
  "Look at kube-proxy on {node}: CPU limits, a slow or failing iptables-restore, a watch that hangs":
    "检查 {node} 上的 kube-proxy：CPU 限额、缓慢或失败的 iptables-restore、停滞的 watch",
  "With very many Services use its nftables mode, or lower its iptables minSyncPeriod":
    "Service 非常多时使用 nftables 模式，或调低 iptables 的 minSyncPeriod",
  "{ip} is an endpoint of {service} since {at}, and {lag} later {node} has no rule for it":
    "{ip} 自 {at} 起是 {service} 的后端，{lag} 后 {node} 仍没有它的规则",
  "{ip} has left {service} by {at}, and {lag} later the rules of {node} still lead to it":
    "{ip} 在 {at} 前已离开 {service}，{lag} 后 {node} 的规则仍指向它",
  "kube-proxy there says that {count} changes took {seconds} s each on average":
    "那里的 kube-proxy 报告 {count} 次变更平均各用 {seconds} s",
  "its iptables-restore failed {count} times during the check": "检查期间其 iptables-restore 失败 {count} 次",
  // tunnel-checksum.ts
  "{nodes} counted no wrong checksums while pods lost packets, or nothing was lost":
    "pod 丢包期间 {nodes} 没有校验和错误计数，或没有丢包",
  "{node} threw away {packets} with wrong outer checksums while packets were lost (UdpInCsumErrors)":
    "丢包期间 {node} 丢弃了 {packets}，外层校验和错误（UdpInCsumErrors）",
  "{pods} threw away {packets} with wrong checksums while packets were lost (InCsumErrors)":
    "丢包期间 {pods} 丢弃了 {packets}，校验和错误（InCsumErrors）",
  "packets between {node} and {peer} without the tunnel pass: {lost} of {sent} lost":
    "{node} 与 {peer} 之间不走隧道的包可以通过：{sent}丢失 {lost} 个",
  "Switch the offload off on the senders and look whether it stops: ethtool -K {device} tx-checksum-ip-generic off":
    "在发送方关闭校验和卸载，观察是否恢复：ethtool -K {device} tx-checksum-ip-generic off",
  "Update the kernel or the NIC's driver: such faults of checksum offload in tunnels have been mended (flannel#1282, calico#3145)":
    "升级内核或网卡驱动：隧道校验和卸载的此类缺陷已有修复（flannel#1282、calico#3145）",
  // tunnel-encryption-failing.ts
  "nothing was read of encryption on the nodes of the path": "未能读取该路径节点上的加密状态",
  "encryption between the nodes of the path works, or there is none": "该路径节点之间的加密正常，或没有加密",
  "Compare the public keys and endpoints that {node} and {peer} have of each other":
    "核对 {node} 与 {peer} 互相保存的公钥和端点",
  "Let WireGuard's UDP port through between them (51820, 51821, Cilium: 51871)":
    "在它们之间放行 WireGuard 的 UDP 端口（51820、51821，Cilium：51871）",
  "{device} of {node} has never agreed on a key with {peer}; it sent {sent} bytes and received none":
    "{node} 的 {device} 从未与 {peer} 协商出密钥；发送了 {sent} 字节，没有收到任何字节",
  "{device} of {node} agreed on a key with {peer} {age} ago; it sent {sent} bytes and received none":
    "{node} 的 {device} 上次与 {peer} 协商密钥是在 {age} 前；发送了 {sent} 字节，没有收到任何字节",
  "IPsec on {node} threw packets away while packets were lost: {errors}":
    "丢包期间 {node} 上的 IPsec 丢弃了包：{errors}",
  "{name} +{count}": "{name} +{count}",
  "Give both nodes the same keys: a rotation may have reached only one of them":
    "让两个节点使用相同的密钥：密钥轮换可能只到达了其中一个",
  "Restart the pod network's agent on {node}: it writes states and policies anew":
    "重启 {node} 上的 pod 网络代理：它会重新写入状态和策略",
  // underlay-drop.ts
  "nothing is lost between the nodes of the path": "该路径的节点之间没有丢包",
  "what leaves one node's NIC was recorded at the other's": "离开一个节点网卡的包在另一个节点的网卡上都抓到了",
  "no packets were recorded at the NICs of both nodes": "没有在两个节点的网卡上抓包",
  "Look at security groups, network ACLs, firewalls and switch ports between {from} and {to}":
    "检查 {from} 与 {to} 之间的安全组、网络 ACL、防火墙和交换机端口",
  "On cloud NICs look at the check of source and destination addresses, too":
    "对于云网卡，还要检查源/目的地址检查的设置",
  "{lost} of {sent} that left {from} were not seen at {to}: {share}":
    "离开 {from} 的 {sent}中有 {lost} 个未到达 {to}：{share}",
  "{boxes} refused {packets} from {from} to {to}: administratively prohibited (ICMP)":
    "{boxes} 拒绝了从 {from} 到 {to} 的 {packets}：管理性禁止（ICMP）",
  // uneven-balancing.ts
  "the asked Service is not meant to spread one client's connections over several backends":
    "所查 Service 本来就不会把同一客户端的连接分到多个后端",
  "connections are spread evenly, or there are too few to tell, or none suffers":
    "连接分配均匀，或数量太少无法判断，或没有受影响",
  "{ip} got {count} of {of} of {pod} to {service} ({share}), an even share is {expected}":
    "{pod} 到 {service} 的 {of}中有 {count} 个分给 {ip}（{share}），均分应为 {expected}",
  "{lost} of {sent} to it are lost or refused, {late} late": "到它的 {sent}丢失或被拒绝 {lost} 次，延迟 {late} 次",
  "the others got {shares}": "其余后端：{shares}",
  "Look at the rules of {node} for {service}: probabilities, backends that are listed twice, another balancer before it":
    "检查 {node} 上 {service} 的规则：概率、重复的后端、前面的其他负载均衡器",
  // wrong-snat.ts
  "the nodes of {pods} translate source addresses as they should, or connections are answered":
    "{pods} 所在节点的源地址转换正确，或连接有应答",
  "{node} gives {count} of {of} connections of {pod} to other pods another source address: {address}":
    "{pod} 到其他 pod 的 {of} 个连接中，{node} 把 {count} 个的源地址换成了 {address}",
  "{nodes} leave it as it is": "{nodes} 则保持不变",
  "all nodes that were read do so: the pod network may mean it": "读取到的所有节点都这样做：可能是 pod 网络的设计",
  "Except the pods' addresses from masquerading on {node}: ip-masq-agent's nonMasqueradeCIDRs, Calico's natOutgoing and pools, Cilium's native-routing-cidr, flannel's subnet":
    "在 {node} 上把 pod 地址排除在地址伪装之外：ip-masq-agent 的 nonMasqueradeCIDRs、Calico 的 natOutgoing 和地址池、Cilium 的 native-routing-cidr、flannel 的子网",
  "{node} lets {count} connections of {pod} leave the cluster with the pod's own address {address}, and none is answered":
    "{node} 让 {pod} 的 {count} 个连接以 pod 自身地址 {address} 离开集群，没有任何应答",
  "{nodes} translate it, and are answered": "{nodes} 会转换源地址，并且有应答",
  "Restore the masquerading of what leaves the cluster on {node}: restart the pod network's agent, look at its settings":
    "在 {node} 上恢复对离开集群流量的地址伪装：重启 pod 网络代理，检查其设置",
  "Compare the NAT rules of {node} with those of a node that works": "把 {node} 的 NAT 规则与正常节点的进行比较",
} as const;
