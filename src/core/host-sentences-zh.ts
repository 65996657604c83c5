/**
 * The Chinese wording of what is said about the machines themselves: NICs, kernels, CPUs, memory, disks, clocks. Part of the
 * catalogue in `sentences-zh.ts`.
 */
export const hostSentences = {
  // clock-unsynchronised.ts
  "no node of the path tells of its clock": "路径上没有节点提供时钟状态",
  "nothing failed that depends on clocks: {clocks}": "没有依赖时钟的操作失败：{clocks}",
  "the clock of {node} is kept right to within {error}": "{node} 的时钟保持同步，误差在 {error} 以内",
  "nobody keeps the clock of {node} right": "{node} 的时钟没有同步",
  "port {port} of {pod} ended {bad} of {of} TLS handshakes without an answer":
    "{pod} 的 {port} 端口在 {of} 次 TLS 握手中有 {bad} 次未应答就断开",
  "port {port} of {pod} refused {bad} of {of} requests as not allowed (401, 403)":
    "{pod} 的 {port} 端口以无权限（401、403）拒绝了 {of} 个请求中的 {bad} 个",
  "the clock of {node} is off by {time} and being set": "{node} 的时钟偏差 {time}，正在校正",
  "nobody keeps the clock of {node} right (adjtimex: STA_UNSYNC)": "{node} 的时钟没有同步（adjtimex：STA_UNSYNC）",
  "a server that wants a login or another certificate refuses in the same way":
    "需要登录或其他证书的服务器也会同样拒绝",
  "Start chrony or systemd-timesyncd on {node}, and see that it reaches its time servers (UDP 123)":
    "在 {node} 上启动 chrony 或 systemd-timesyncd，并确认它能访问时间服务器（UDP 123）",
  "Compare the time of {node} with the validity of certificates and tokens": "将 {node} 的时间与证书和令牌的有效期对比",

  // cloud-allowance-exceeded.ts
  "bandwidth inwards": "入向带宽",
  "bandwidth outwards": "出向带宽",
  "packets per second": "每秒包数",
  "tracked connections": "跟踪的连接数",
  "packets to DNS, time and metadata of the cloud": "发往云平台 DNS、时间和元数据服务的包",
  "no NIC of the path counts an allowance of the cloud as exceeded while packets were late or lost":
    "包延迟或丢失时，路径上没有网卡记录超出云配额",
  "{node} exceeded its allowance of {what}: {count} packets in seconds in which packets were late or lost ({counter})":
    "{node} 超出了{what}配额：在包延迟或丢失的时刻有 {count} 个包（{counter}）",
  "Find what on {node} sends or opens so much, and spread it over nodes":
    "查明 {node} 上谁发送或建立了这么多连接，并分散到多个节点",
  "Use a machine type for {node} that allows more of: {what}": "为 {node} 换用配额更高的机型：{what}",

  // disk-full.ts
  "how full the file systems of the path's nodes are could not be read": "无法读取路径上节点的文件系统使用率",
  "file systems in use: {shares}; no pod of the check suffers from it":
    "文件系统使用率：{shares}；检查涉及的 pod 未受影响",
  "{node} says itself that it has too little room (DiskPressure)": "{node} 自己报告磁盘空间不足（DiskPressure）",
  "the cluster says: {reason}: {message}": "集群事件：{reason}：{message}",
  "whether the errors come from failed writes cannot be seen": "无法看出这些错误是否来自写入失败",
  "Make room on {node}: images that nobody uses, logs, what pods left behind":
    "在 {node} 上腾出空间：不用的镜像、日志、pod 遗留的文件",
  "Give pods limits for ephemeral storage, so that one of them cannot fill {node}":
    "为 pod 设置临时存储限额，避免单个 pod 占满 {node}",
  "{pod} on {node} is {phase}: {waits}": "{node} 上的 {pod} 处于 {phase}：{waits}",
  "{path} of {node} is {share} full: {free} MB of {all} MB are free for programs":
    "{node} 的 {path} 已用 {share}：{all} MB 中程序可用 {free} MB",
  "{path} of {node} has {share} of its inodes in use: {free} of {all} are free":
    "{node} 的 {path} 已用 {share} 的 inode：{all} 个中剩余 {free} 个",

  // driver-skew.ts
  "{device} of {node}: {own}; {others} have {usual}": "{node} 的 {device}：{own}；{others} 为 {usual}",
  "another version alone is no fault": "版本不同本身不是故障",
  "Bring driver and firmware of {node} to the version of the other nodes, then check again":
    "把 {node} 的驱动和固件更新到与其他节点一致的版本，然后再次检查",
  "no driver of a NIC of the path could be asked": "无法查询路径上网卡的驱动",
  "no NIC of the path has a driver of another version than the other nodes, with trouble of its own: {drivers}":
    "路径上没有驱动版本与其他节点不同且自身有问题的网卡：{drivers}",

  // fd-limit.ts
  "how many files the programs of the asked pods have open could not be read": "无法读取被查 pod 的程序打开了多少文件",
  "programs of the asked pods use {shares} of the files that they may open, or serve all the same":
    "被查 pod 的程序已用文件句柄上限的 {shares}，或仍正常服务",
  "connects to port {port} of {pod} fail": "到 {pod} 的 {port} 端口的连接失败",
  "{waiting} connections to port {port} of {pod} wait to be accepted":
    "到 {pod} 的 {port} 端口有 {waiting} 个连接等待 accept",
  "{process} in {container} of {pod} has {open} of {limit} files open that it may have":
    "{pod} 的 {container} 中的 {process} 打开了 {open} 个文件，上限为 {limit}",
  "{container} of {pod} has {most} of {limit} processes and threads that it may have":
    "{pod} 的 {container} 有 {most} 个进程和线程，上限为 {limit}",
  "{node} as a whole has {open} of {limit} files open": "{node} 整体打开了 {open} 个文件，上限为 {limit}",
  "the kernel of {node} says: {line}": "{node} 的内核日志：{line}",
  "Find out what {process} of {pod} keeps open: connections that nobody closes (CLOSE-WAIT), files, pipes":
    "查明 {pod} 的 {process} 一直打开着什么：未关闭的连接（CLOSE-WAIT）、文件、管道",
  "If the load is real, raise the limit (ulimit -n, LimitNOFILE, podPidsLimit) and restart {pod}":
    "如果负载属实，调高上限（ulimit -n、LimitNOFILE、podPidsLimit）并重启 {pod}",

  // kernel-crash.ts
  "the kernels of {nodes} report no bug of their own while packets were late or lost":
    "包延迟或丢失时，{nodes} 的内核没有报告自身的 bug",
  "{node} was started anew while the check ran (boot id changed)": "检查期间 {node} 重新启动（boot id 变化）",
  "Restart {node} at the next occasion: a kernel that crashed in part is not to be trusted":
    "尽快重启 {node}：部分崩溃的内核不可信",
  "Look up the function in the first line of the trace; update the kernel or the module of {node} that it names":
    "查找调用栈首行的函数；更新 {node} 的内核或其中指出的模块",

  // memory-allocation-failing.ts
  "the kernels of {nodes} report no page that was missing for packets while packets were late or lost":
    "包延迟或丢失时，{nodes} 的内核没有报告收包缺页",
  "{count} such lines lie next to seconds in which packets were late or lost":
    "有 {count} 行这样的日志与包延迟或丢失的时刻相邻",
  "Raise vm.min_free_kbytes on {node}, so that memory for packets stays free":
    "在 {node} 上调高 vm.min_free_kbytes，为收包保留内存",
  "Find what uses up the memory of {node}, and give pods memory limits":
    "查明谁耗尽了 {node} 的内存，并为 pod 设置内存限额",

  // netns-leak.ts
  "no pod of the check waits for a network on {nodes} while the kernel cannot give one back":
    "在内核无法释放网络命名空间时，{nodes} 上没有被查的 pod 在等待网络",
  "it said so {count} times within {seconds} s, the last time during the check":
    "在 {seconds} 秒内出现 {count} 次，最后一次在检查期间",
  "Move pods away from {node} and restart it: nothing else frees such a namespace":
    "把 pod 移出 {node} 并重启它：没有其他办法释放这样的命名空间",
  "Update the kernel of {node}: leaked references are bugs that are fixed from version to version":
    "更新 {node} 的内核：引用泄漏是随版本修复的 bug",

  // nic-reset.ts
  "the kernels of {nodes} report no reset of a NIC while packets were late or lost":
    "包延迟或丢失时，{nodes} 的内核没有报告网卡重置",
  "the line does not tell whether the NIC carries the path": "该日志没有说明是否为路径所用的网卡",
  "Update driver and firmware of the NIC of {node}; look for known hangs of this version":
    "更新 {node} 网卡的驱动和固件；查找该版本已知的挂起问题",
  "If it repeats, move pods away from {node} and have the NIC or its slot replaced":
    "如果反复出现，把 pod 移出 {node}，并更换网卡或插槽",

  // node-cpu-pressure.ts
  "the kernels of the path's nodes tell no pressure (PSI)": "路径上节点的内核不提供压力信息（PSI）",
  "CPUs of {nodes} were not wanting while packets were late or lost; waits in all: {shares}":
    "包延迟或丢失时 {nodes} 的 CPU 并不紧缺；总等待占比：{shares}",
  "programs of {node} waited for a CPU for {share} of the time in which packets or answers were late or lost":
    "在包或应答延迟或丢失的时段，{node} 的程序有 {share} 的时间在等待 CPU",
  "{waiting} tasks wanted to run on its {cpus} CPUs at a time (median of {readings} readings)":
    "同时有 {waiting} 个任务要在其 {cpus} 个 CPU 上运行（{readings} 次读数的中位数）",
  "Move work away from {node}, or give it more CPUs: kubectl top pod -A --sort-by=cpu shows who uses them":
    "把负载移出 {node}，或增加 CPU：kubectl top pod -A --sort-by=cpu 可看出谁在使用",
  "Give what must be on time CPU requests, so that others wait before it does":
    "为必须及时响应的程序设置 CPU request，让其他程序先等待",

  // pause-storm.ts
  "no NIC of the path was paused more often while packets were late or lost":
    "包延迟或丢失时，路径上没有网卡被更频繁地暂停",
  "{device} of {node} counted {rate} pause frames a second while packets were late or lost, {other} at other times ({names})":
    "包延迟或丢失时 {node} 的 {device} 每秒有 {rate} 个暂停帧，其他时间为 {other} 个（{names}）",
  "it carried {share} % of what it carries at other times": "此时的流量是其他时间的 {share} %",
  "the NIC itself reports {count} pause storms": "网卡自身报告了 {count} 次暂停帧风暴",
  "packets were late or lost all the time: how many pauses are normal here is not known":
    "包一直在延迟或丢失：无法得知这里正常有多少暂停帧",
  "Find out who cannot keep up: the switch port of {node}, or another receiver behind the same switch":
    "查明谁跟不上：{node} 的交换机端口，或同一交换机后的其他接收方",
  "Where the fabric need not be lossless, switch pauses off: ethtool -A {device} rx off tx off":
    "如果网络不需要无损，关闭暂停帧：ethtool -A {device} rx off tx off",

  // pcie-degraded.ts
  "no NIC of the path tells of its PCIe slot": "路径上没有网卡提供 PCIe 链路信息",
  "PCIe slots of the path: {slots}": "路径上的 PCIe 链路：{slots}",
  "{speed} GT/s × {lanes} lanes (at most {most} GT/s × {mostLanes})":
    "{speed} GT/s × {lanes} 通道（最高 {most} GT/s × {mostLanes}）",
  "the slot of {device} of {node} runs at {slot}: it carries {bus}, the link {link}":
    "{node} 的 {device} 的 PCIe 链路为 {slot}：可承载 {bus}，网络链路为 {link}",
  "it carried up to {rate} during the check": "检查期间最高承载 {rate}",
  "the slot had room left during the check": "检查期间该链路仍有余量",
  "Reseat the NIC of {node} ({device}), or put it into another slot; look whether the slot was built narrower than the card":
    "重新插拔 {node} 的网卡（{device}）或换插槽；确认插槽本身是否比网卡窄",
  "Replace card, riser or board of {node} if errors come back": "如果错误再次出现，更换 {node} 的网卡、转接卡或主板",

  // port-trouble.ts
  "port {port} of {pod} answered {bad} of {of} with a server error":
    "{pod} 的 {port} 端口对 {of}中的 {bad} 个返回服务器错误",
  "port {port} of {pod} is reached, and answers {slow} of {of} late or not at all":
    "{pod} 的 {port} 端口可达，但对 {of}中的 {slow} 个应答迟缓或没有应答",

  // probes/timeline/kernel-marks.ts
  "open files used up": "文件句柄耗尽",
  "fork refused": "fork 被拒绝",

  // single-cpu-softirq.ts
  "the time of the CPUs of no node of the path could be read": "路径上没有一个节点的 CPU 时间可读",
  "no CPU of {nodes} was full of packet work alone while packets were late or lost":
    "包延迟或丢失时，{nodes} 没有单个 CPU 被收发包工作占满",
  "CPU {cpu} of {node} spent {share} of its time on packets, no other more than {others}, in {steps} readings in which packets were late or lost":
    "{node} 的 CPU {cpu} 有 {share} 的时间用于收发包，其他 CPU 不超过 {others}；共 {steps} 次读数，均在包延迟或丢失时",
  "{device} has {queues} queues that receive, {spread} of them spread over CPUs by RPS":
    "{device} 有 {queues} 个接收队列，其中 {spread} 个由 RPS 分散到多个 CPU",
  "one single large flow looks the same, and cannot be spread": "单条大流量看起来也一样，且无法分散",
  "Spread the packets of {node} over more CPUs: queues of the NIC, RPS, interrupts":
    "把 {node} 的收包分散到更多 CPU：网卡队列、RPS、中断",
  "Find the flow that fills the CPU, if there is one: split it, or move it to another node":
    "如有占满 CPU 的流量，找出它：拆分，或移到其他节点",

  // softnet-drops.ts
  "softnet_stat of no node of the path could be read": "路径上没有一个节点的 softnet_stat 可读",
  "the queues in front of the network stack of {nodes} dropped nothing while the path lost packets":
    "路径丢包时，{nodes} 协议栈之前的队列没有丢包",
  "the kernel of {node} dropped {dropped} packets before its network stack in seconds in which the path lost packets":
    "在路径丢包的时刻，{node} 的内核在协议栈之前丢弃了 {dropped} 个包",
  "by CPU: {cpus}": "按 CPU：{cpus}",
  "its CPUs ran out of time for packets {times} times": "其 CPU 有 {times} 次来不及处理完收包",
  "net.core.netdev_max_backlog is {limit}": "net.core.netdev_max_backlog 为 {limit}",
  "Raise net.core.netdev_max_backlog on {node}, and net.core.netdev_budget if CPUs run out of time":
    "在 {node} 上调高 net.core.netdev_max_backlog；如果 CPU 来不及处理，再调高 net.core.netdev_budget",

  // switch-port-misconfigured.ts
  "no switch tells of its ports on the path (LLDP)": "路径上没有交换机提供端口信息（LLDP）",
  "switch ports of the path: {ports}": "路径上的交换机端口：{ports}",
  "{place}: {port} of {switch}, VLANs {vlans}, untagged {untagged}":
    "{place}：{switch} 的 {port}，VLAN {vlans}，无标签 {untagged}",
  "VLAN {vlans} of {node} is not among those that the port carries": "{node} 的 VLAN {vlans} 不在该端口允许的 VLAN 中",
  "the port takes frames of {most} bytes, and {device} sends packets of {mtu}":
    "该端口只接受 {most} 字节的帧，而 {device} 发送 {mtu} 字节的包",
  "untagged frames go into VLAN {own}, at the ports of the other nodes into VLAN {usual}":
    "无标签帧进入 VLAN {own}，其他节点的端口则进入 VLAN {usual}",
  "Have port {port} of {switch} set like those of the other nodes: VLANs, untagged VLAN, largest frame":
    "把 {switch} 的 {port} 端口设置得与其他节点一致：VLAN、无标签 VLAN、最大帧长",

  // sysctl-drift.ts
  "no kernel setting of the path is far below that of others and was felt":
    "路径上没有明显低于其他节点且造成影响的内核参数",
  "kernel settings of the path could not be read": "无法读取路径上的内核参数",
  "{setting} of {place} is {own}, that of {count} others {median} (median), and it was felt during the check":
    "{place} 的 {setting} 为 {own}，其他 {count} 处的中位数为 {median}，且检查期间产生了影响",
  "a low limit alone is no fault": "上限偏低本身不是故障",
  "Set {setting} of {place} as on the others, and find out what set it":
    "把 {place} 的 {setting} 设为与其他一致，并查明由谁设置",

  // task-hung.ts
  "the kernels of {nodes} report no program that hangs while answers are late":
    "应答迟缓时，{nodes} 的内核没有报告挂起的程序",
  "the kernel of {node} reports {tasks} blocked for {seconds} or longer, {times}":
    "{node} 的内核报告 {tasks} 阻塞 {seconds} 或更久，共 {times}",
  "it is a matter of storage, not of the network": "这是存储问题，不是网络问题",
  "whether the program behind the port is the one that hangs cannot be seen": "无法看出挂起的是否就是该端口背后的程序",
  "Look at the disk or the remote file system that the stack below that line waits for, on {node}":
    "查看 {node} 上该日志之后的调用栈所等待的磁盘或远程文件系统",
  "Move {pod} to a node whose storage works": "把 {pod} 移到存储正常的节点",

  // tcp-memory-pressure.ts
  "the memory of TCP sockets of no node of the path could be read": "路径上没有一个节点的 TCP 套接字内存可读",
  "TCP sockets held at most {shares} of the memory from which on the kernel saves":
    "TCP 套接字最多占用了压力阈值内存的 {shares}",
  "TCP sockets of {node} held {most} pages of memory; from {pressure} on the kernel saves, at {max} it refuses":
    "{node} 的 TCP 套接字占用了 {most} 页内存；超过 {pressure} 页内核开始节省，到 {max} 页则拒绝",
  "TCP of {node} came under memory pressure {times} times while packets or answers were late or lost":
    "在包或应答延迟或丢失时，{node} 的 TCP 有 {times} 次进入内存压力状态",
  "it threw away or squeezed what sockets had received {times} times (PruneCalled, RcvPruned, TCPRcvQDrop)":
    "它有 {times} 次丢弃或压缩套接字已收到的数据（PruneCalled、RcvPruned、TCPRcvQDrop）",
  "Find who holds so much on {node}: ss -tmn, by Recv-Q and Send-Q; programs that do not read, or far too many connections":
    "查明 {node} 上谁占用了这么多：用 ss -tmn 看 Recv-Q 和 Send-Q；不读数据的程序，或连接过多",
  "Raise net.ipv4.tcp_mem on {node} if the memory is there": "如果内存充足，在 {node} 上调高 net.ipv4.tcp_mem",

  // vm-stalled.ts
  "the hypervisor took little CPU time from {nodes} while packets were late or lost: {shares}":
    "包延迟或丢失时，虚拟化层很少占用 {nodes} 的 CPU 时间：{shares}",
  "the hypervisor took up to {share} of the CPU time of {node}, in {steps} readings in which packets were late or lost":
    "虚拟化层占用了 {node} 最多 {share} 的 CPU 时间；共 {steps} 次读数，均在包延迟或丢失时",
  "the clock of {node} jumped by {time} then, against the time since it was started":
    "此时 {node} 的时钟相对启动以来的时间跳变了 {time}",
  "the cloud announced it: condition {conditions} of {node}": "云平台有预告：{node} 的状态条件 {conditions}",
  "a clock that was set looks the same": "时钟被校正看起来也一样",
  "Ask whoever runs the hypervisor what it did with {node} at that time: live migration, maintenance, a crowded host":
    "询问虚拟化平台的管理方当时对 {node} 做了什么：热迁移、维护、宿主机超卖",
  "Move {node} to another host or to a machine type with CPUs of its own":
    "把 {node} 迁到其他宿主机，或换用独占 CPU 的机型",
} as const;
