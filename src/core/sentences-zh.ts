import { captureSentences } from "./capture-sentences-zh.ts";
import { hostSentences } from "./host-sentences-zh.ts";
import { podNetworkSentences } from "./pod-network-sentences-zh.ts";

/**
 * The Chinese wording of everything that is said about causes, by its English wording. One block per file that speaks, in
 * the order of the alphabet; names in braces are the same in both languages.
 */
export const chinese = {
  ...captureSentences,
  ...podNetworkSentences,
  ...hostSentences,

  // anomaly-text.ts
  "to port {port} of {name}": "发往 {name} 的 {port} 端口的流量",
  "from {name} to {peer}": "从 {name} 到 {peer} 的流量",
  "between {name} and {peer}": "{name} 与 {peer} 之间的流量",
  "from {name} to port {port} of {peer}": "从 {name} 到 {peer} 的 {port} 端口的流量",
  "of pods from {name} to {peer}": "从 {name} 到 {peer} 的 pod 流量",
  "of pods between {name} and {peer}": "{name} 与 {peer} 之间的 pod 流量",
  "to and from {name}": "进出 {name} 的流量",
  "to and from {name} and its pods": "进出 {name} 及其 pod 的流量",
  "through {name}": "经过 {name} 的流量",
  "of pods through {name}": "经过 {name} 的 pod 流量",
  "to {name}": "发往 {name} 的流量",
  "from {name} and its pods to the Service address {service}": "从 {name} 及其 pod 到 Service 地址 {service} 的流量",
  "of pods between all nodes": "所有节点之间的 pod 流量",
  "between all nodes": "所有节点之间的流量",
  "{share} of what leaves {name} is lost, what enters it is not": "离开 {name} 的包丢失 {share}，进入的不丢",
  "{share} of what leaves {name} is late, what enters it is not": "离开 {name} 的包有 {share} 延迟，进入的不延迟",
  "{share} of what enters {name} is lost, what leaves it is not": "进入 {name} 的包丢失 {share}，离开的不丢",
  "{share} of what enters {name} is late, what leaves it is not": "进入 {name} 的包有 {share} 延迟，离开的不延迟",
  "{bad} of {of} from {from} to {to} was lost, none or nearly none the other way":
    "从 {from} 到 {to} 的 {of}丢失 {bad} 个，反方向没有或几乎没有",
  "{bad} of {of} from {from} to {to} were lost, none or nearly none the other way":
    "从 {from} 到 {to} 的 {of}丢失 {bad} 个，反方向没有或几乎没有",
  "{bad} of {of} from {from} to {to} was late, none or nearly none the other way":
    "从 {from} 到 {to} 的 {of}有 {bad} 个延迟，反方向没有或几乎没有",
  "{bad} of {of} from {from} to {to} were late, none or nearly none the other way":
    "从 {from} 到 {to} 的 {of}有 {bad} 个延迟，反方向没有或几乎没有",
  "{bad} of {of} ({share}, {interval})": "{of} 个中有 {bad} 个（{share}，{interval}）",
  "{bad} of {of} lost": "{of} 个包丢失 {bad} 个",
  "{bad} of {of} late": "{of} 个包有 {bad} 个延迟",
  "{legs} that does not cross either bad place: {what}": "不经过这些问题位置的 {legs}：{what}",
  "{legs} that does not cross it: {what}": "不经过该位置的 {legs}：{what}",
  "{legs} that do not cross either bad place: {what}": "不经过这些问题位置的 {legs}：{what}",
  "{legs} that do not cross it: {what}": "不经过该位置的 {legs}：{what}",
  "it began at {at} and lasted {lasted}": "从 {at} 开始，持续 {lasted}",
  "{count} episodes: {list}": "共 {count} 段：{list}",
  "{at} for {lasted}": "{at} 起 {lasted}",
  "{leg} crosses it too and is clean ({sent})": "{leg} 同样经过该位置，却没有问题（{sent}）",
  "what was measured cannot tell it from {others}: no other leg crosses only one of them":
    "测量无法把它与 {others} 区分开：没有其他测量线路只经过其中一处",

  // asked-chart.ts
  "{leg}: round trip": "{leg}：往返时间",
  "{leg}: connect time": "{leg}：连接时间",
  "no answer": "没有应答",
  "{lost} of {sent} lost ({share})": "{sent}丢失 {lost} 个（{share}）",
  "nothing gets through at {place}": "{place}：完全不通",
  "{share} lost at {place}": "{place}：丢包 {share}",
  "{share} late at {place}": "{place}：{share} 延迟",

  // hops-chart.ts
  "no packets": "没有包",
  "point bypassed": "包绕过此点",
  "only {packets}": "仅 {packets}",
  "too few lost": "丢失太少",
  "recorder losses": "抓包自身有丢失",
  "packets changed": "途中被改动",
  "{share} lost: {from} → {to}": "丢失 {share}：{from} → {to}",
  "{count} of {hops} cannot be judged": "{hops}中有 {count} 跳无法判断",
  "Nothing lost between {points}": "{points}之间无丢包",
  "No hop loses more than usual ({lost} in all)": "没有异常丢包的跳（共丢 {lost}）",
  "{from} → {to}, {points}": "{from} → {to}，{points}",
  "{from} → {to}, {hops} with loss": "{from} → {to}，{hops}有丢包",
  "{count} hop": "{count} 跳",
  "{count} hops": "{count} 跳",
  "{count} point": "{count} 个抓包点",
  "{count} points": "{count} 个抓包点",

  // timeline-chart.ts
  "packets kept": "留存的包",
  "lost on the asked path": "所查路径丢包",
  "lost between recorded points": "抓包点之间丢包",
  "round trip, p99": "往返时间 p99",
  "connect, p99": "连接时间 p99",
  "{leg}: what happened when": "{leg}：时间线",
  "{lost} of {sent} lost": "{sent}丢失 {lost} 个",
  "{lost} of {sent} lost, {events}": "{sent}丢失 {lost} 个，{events}",
  "{count} kernel event": "{count} 个内核事件",
  "{count} kernel events": "{count} 个内核事件",

  // probes/timeline/kernel-marks.ts
  "{event} on {node}": "{node} 上 {event}",
  "OOM kill of {process}": "{process} 被 OOM 杀死",
  "{process} hung": "{process} 挂起",
  "OOM kill": "OOM 杀进程",
  "conntrack table full": "conntrack 表满",
  "SYN flood": "SYN 洪泛",
  "CPU lockup": "CPU 锁死",
  "hung task": "任务挂起",
  "TCP out of memory": "TCP 内存不足",
  "page allocation failure": "内存页分配失败",
  "neighbour table full": "邻居表满",
  "NIC reset": "网卡重置",
  "link up or down": "链路通断",
  "martian source": "异常源地址",
  "netns not released": "netns 未释放",
  "PCIe error": "PCIe 错误",
  "kernel bug": "内核 bug",

  // comparison.ts
  "Unchanged: {count} of the measurements that both have.": "两次都有的测量中，{count} 项没有变化。",
  "Only before: {before}, only after: {after}.": "只在之前：{before} 项，只在之后：{after} 项。",
  "The two are about different paths: only what both measured is compared.":
    "两次检查的路径不同：只比较两次都测量过的内容。",
  "Causes that came": "新出现的原因",
  "Causes that went": "消失的原因",
  "Causes that stayed": "仍然存在的原因",
  Worse: "变差",
  Better: "变好",
  "Not measured any more": "不再能测量",
  "Measured again": "重新可以测量",
  "The two checks have no measurement in common.": "两次检查没有共同的测量项。",
  "Nothing changed beyond chance.": "没有超出偶然波动的变化。",
  "It got better.": "情况变好了。",
  "It got worse.": "情况变差了。",
  "Some got worse and some better.": "有的变差，有的变好。",
  "{title}, {where} ({confidence})": "{title}，{where}（{confidence}）",
  "{probe} {subject}: {reason}": "{probe} {subject}：{reason}",
  "loss {before}, now {after}": "丢包 {before}，现为 {after}",
  "{quantile} {before}, now {after}": "{quantile} {before}，现为 {after}",
  "largest packet {before}, now {after} bytes": "最大可通过的包 {before}，现为 {after} 字节",
  "{probe} {from} → {to}: {changes}": "{probe} {from} → {to}：{changes}",
  "There is no report of {check}: it is running, too old, or was never there.":
    "没有 {check} 的报告：它还在运行、已过期，或从未存在。",
  "No earlier check of {from} → {to} that is kept was healthy.": "保留的检查中，{from} → {to} 此前没有一次正常。",

  // compare.ts
  "Says what changed between two checks, or since the path was last healthy.":
    "说明两次检查之间发生了什么变化，或者路径上次正常以来的变化。",
  "The earlier one counts as before, whichever comes first; {word} is the newest healthy check of the same path.":
    "无论书写顺序，较早的一次作为比较基准；{word} 指同一路径最近一次正常的检查。",
  "Two checks are needed.": "需要两次检查的编号。",
  "Two checks at a time.": "一次只能比较两次检查。",

  // coverage.ts
  "{share} of the asked time on {measured} of {legs}: {sent} ({packets} packets/s, {kilobytes} kB/s on the whole cluster).":
    "观测到所要求时间的 {share}，覆盖 {legs}中的 {measured} 条：{sent}（整个集群 {packets} 个包/s，{kilobytes} kB/s）。",

  // behind-ingress.ts
  "{name} is also reached through Ingress {ingresses}: what comes from outside passes it, this check does not.":
    "{name} 也经由 Ingress {ingresses} 对外提供：来自外部的流量会经过它，而本次检查不经过。",
  "{host} is the host of Ingress {ingresses}: this check measures the way to it, not from there to {backends}.":
    "{host} 是 Ingress {ingresses} 的主机名：本次检查只测量到它为止的路径，不测量从它到 {backends} 的路径。",
  "{host} is the host of Ingress {ingresses}: this check measures the way to it, not what stands behind it.":
    "{host} 是 Ingress {ingresses} 的主机名：本次检查只测量到它为止的路径，不测量它后面的部分。",
  "{ingress} (host {hosts})": "{ingress}（主机名 {hosts}）",

  // choose-ports.ts, choose-vantages.ts, make-plan.ts
  "no TCP port is asked for, served or declared; name one as {name}:8080 to have it measured":
    "没有指定、提供或声明 TCP 端口；写成 {name}:8080 即可测量",
  "no netcheck agent is ready there: nothing was measured from this node and its pods":
    "那里没有就绪的 netcheck agent：没有从该节点及其 pod 测量",
  "the pod does not run: nothing was measured from it": "该 pod 没有运行：没有从它测量",
  "it is not in this cluster: only measured towards it, not from it": "它不在本集群中：只测量了发往它的方向",
  "nothing can be measured from there": "无法从那里测量",

  // commands/index.ts, commands/lang.ts, grammar/language.ts
  "{word} is not a command, and as a check: {problem}": "{word} 不是命令；当作检查则：{problem}",
  "One language at a time.": "一次只能选一种语言。",
  "netcheck does not speak {language}.": "netcheck 不支持语言 {language}。",
  "Languages: {names}.": "可用语言：{names}。",

  // cluster/agents.ts, kube-client.ts, node-tasks.ts, resolve.ts
  "Nothing can be measured on {node}: {why}.": "无法在 {node} 上测量：{why}。",
  "its agent {pod} is not ready": "该节点的 agent {pod} 未就绪",
  "it has no netcheck agent": "该节点没有 netcheck agent",
  "Look at the DaemonSet in the namespace {namespace}.": "请检查命名空间 {namespace} 中的 DaemonSet。",
  "The API server did not answer within {seconds} s.": "API server 在 {seconds} s 内没有应答。",
  "The API server does not accept netcheck's credentials.": "API server 不接受 netcheck 的凭据。",
  "Renew the worker's token or certificate.": "请更新 worker 的 token 或证书。",
  "netcheck may not {verb} {object}.": "netcheck 没有权限 {verb} {object}。",
  "Grant the verb {verb} on {resource} to the worker's service account.":
    "请为 worker 的 ServiceAccount 授予对 {resource} 的 {verb} 权限。",
  "The API server could not {verb} {object}: {said}.": "API server 无法 {verb} {object}：{said}。",
  "The agent on {node} could not do it: {said}.": "{node} 上的 agent 无法执行：{said}。",
  "The check was cancelled.": "检查已取消。",
  "The API server cannot be reached: {said}": "无法连接 API server：{said}",
  "netcheck may not run commands in {pod}.": "netcheck 没有权限在 {pod} 中执行命令。",
  "Grant get and create on pods/exec in that namespace to the worker's service account.":
    "请为 worker 的 ServiceAccount 授予该命名空间中 pods/exec 的 get 和 create 权限。",
  "The agent on {node} did not answer: {said}": "{node} 上的 agent 没有应答：{said}",
  "{name} has no pod with an address.": "{name} 没有带地址的 Pod。",
  "{name} has no address: it is {phase}.": "{name} 没有地址：状态为 {phase}。",
  "{name} has neither an address nor an endpoint.": "{name} 既没有地址也没有端点。",
  "{name} exists in several namespaces.": "{name} 存在于多个命名空间中。",
  "{name} has no address yet.": "{name} 还没有地址。",
  "There is no {name}.": "不存在 {name}。",
  "Try {names}.": "可以试试 {names}。",
  "{all} or {one}": "{all} 或 {one}",
  "No address is known for {name}.": "查不到 {name} 的地址。",
  "Check the name, or give an IP.": "请检查名称，或直接给出 IP。",

  // commands/*.ts
  "There are two durations: {first} and {second}.": "写了两个时长：{first} 和 {second}。",
  "for {duration}": "时长 {duration}",
  "{word} is a third name; a check has two ends.": "{word} 是第三个名称，而检查只有两端。",
  "A duration is written 30s, 10m, 2h or 1h30m.": "时长的写法：30s、10m、2h 或 1h30m。",
  "from {target}": "起点 {target}",
  "to {target}": "终点 {target}",
  "Both ends are missing.": "缺少两端。",
  "The second end is missing.": "缺少第二端。",
  "A check needs two ends, such as: {example}.": "检查需要两端，例如：{example}。",
  "Measures the network between two points; the result comes in a thread. The word may be left out.":
    "测量两点之间的网络；结果发在消息列中。check 这个词可以省略。",
  "Ends: {forms}; each with {port} and {cluster}.": "端点写法：{forms}；后面都可加 {port} 和 {cluster}。",
  "Duration: 30s, 10m, 2h, 1h30m; {usual} when left out.": "时长：30s、10m、2h、1h30m；省略时为 {usual}。",
  "Option {name}=…: {about}.": "选项 {name}=…：{about}。",
  "Examples: {examples}": "示例：{examples}",
  "There is no cluster {cluster}.": "不存在集群 {cluster}。",
  "No worker serves the cluster {cluster} now.": "目前没有 worker 为集群 {cluster} 服务。",
  "Start a worker of {cluster}, or mend the one there is: {command} says what ails it.":
    "请启动 {cluster} 的 worker，或修复现有的 worker：{command} 会说明它的问题。",
  "Served now: {names}. {start}": "目前有 worker 的集群：{names}。{start}",
  "Served now: {names}. Name one behind @, or make it this channel's own with {command}. {start}":
    "目前有 worker 的集群：{names}。请在 @ 后写其中一个，或用 {command} 设为本频道的默认集群。{start}",
  "No other cluster is served either. {start}": "其他集群目前也没有 worker。{start}",
  "Both clusters use the address {ip}, so neither reaches the other by it.":
    "两个集群都在使用地址 {ip}，因此无法用它到达对方。",
  "Make two checks, to {forms}.": "请分别做两次检查，目标写 {forms}。",
  "node ports and load balancers": "节点端口或负载均衡器",
  "{name} has no address that another cluster could reach.": "{name} 没有其他集群能够到达的地址。",
  "Name a pod, a node or an address of {cluster}.": "请写 {cluster} 中的 Pod、节点或地址。",
  "The address of {name} is not known here.": "这里不知道 {name} 的地址。",
  "Name its address: {form}.": "请直接写地址：{form}。",
  "A check between two clusters is measured by the workers of both; a terminal has the credential of one.":
    "两个集群之间的检查由双方的 worker 分别测量；终端只有一个集群的凭据。",
  "Ask for it in Slack.": "请在 Slack 中发起。",
  "No fault between {from} → {to}: {numbers}; from the other end {back}.":
    "{from} → {to} 之间未发现故障：{numbers}；从另一端测得：{back}。",
  "{name} has the address {ip}, and {node} has the range {range} for its pods: packets may never leave.":
    "{name} 的地址是 {ip}，而 {node} 的 Pod 地址段是 {range}：数据包可能根本不会离开本集群。",
  "{cluster}: {text}": "{cluster}：{text}",
  "{name} is {ip}": "{name} 是 {ip}",
  "Measured from both ends: {names}.": "从两端分别测量：{names}。",
  "Nothing was measured from {cluster}.": "没有从 {cluster} 测得任何数据。",
  "the two clusters were measured at different times, from {first} and from {second}":
    "两个集群的测量时间不同，分别从 {first} 和 {second} 开始",
  "Nothing of {second} reaches the address of {from} by itself, and its answers do: {first} masks it, does not route it or lets no echoes in.":
    "{second} 主动发往 {from} 地址的数据包都到不了，而应答可以到达：{first} 对其做了地址伪装、没有路由，或不放行 ping。",
  "Nothing passes either way. If pods of these clusters are not routed to each other, check what applications use: {forms}.":
    "两个方向都不通。如果这两个集群的 Pod 之间没有路由，请检查应用实际使用的：{forms}。",
  "Clusters: {names}.": "可用集群：{names}。",
  "{word} is not a port; ports are numbers from 1 to 65535.": "{word} 不是端口；端口是 1 到 65535 之间的数字。",
  "The second end has two ports: {first} and {second}.": "第二端写了两个端口：{first} 和 {second}。",
  "The line names two clusters, {first} and {second}.": "命令中写了两个集群：{first} 和 {second}。",
  "Write the cluster of each end behind it: {example}": "请把每一端的集群写在其后：{example}",
  "Ends a check; what was measured until then is still reported. In a check's thread the id may be left out.":
    "结束一次检查；已测得的结果仍会报告。在检查的消息列中可以省略编号。",
  "Examples: {alone} · in a thread: {inThread}": "示例：{alone} · 在消息列中：{inThread}",
  "Which check? An id is missing.": "哪一次检查？缺少编号。",
  "No check is running.": "没有正在进行的检查。",
  "Ids look like {example} and stand below every check.": "编号形如 {example}，写在每次检查的下方。",
  "Says what can be asked; with a word: everything about it.": "说明可以使用哪些命令；后面加命令名时说明其全部用法。",
  "There is no command {word}.": "不存在命令 {word}。",
  "Commands: {names}.": "可用命令：{names}。",
  "Sets the cluster that is meant in this channel when a command names none; without a word: lists the clusters.":
    "设置本频道中命令未写集群时所指的集群；不带参数时列出所有集群。",
  "{word} goes back to the cluster that is usual everywhere. A schedule stays in the cluster it was made for.":
    "{word} 恢复为各处通用的集群。定时任务仍在创建时的集群中运行。",
  "One check in another cluster: {example}": "单次检查使用其他集群：{example}",
  "One cluster at a time.": "一次只能设置一个集群。",
  "Sets the language in which netcheck answers and reports in this channel; without a word: says which it is.":
    "设置 netcheck 在本频道中应答和报告所用的语言；不带参数时显示当前语言。",
  "One check in another language: {example}": "单次检查使用其他语言：{example}",
  "Says how far a check is; without an id: this thread's check, or all that are running.":
    "显示检查的进度；省略编号时指本消息列的检查，或所有正在进行的检查。",
  "This is {length} characters long; a command has at most {most}.":
    "这里有 {length} 个字符，而命令最多 {most} 个字符。",
  "Write two names and a duration, such as: {example}.": "请写两个名称和一个时长，例如：{example}。",

  // commands/capture.ts, grammar/wish.ts
  "A check that also records the packets between the two points, at every device they cross.":
    "同时在途经的每个设备上抓取两点之间数据包的检查。",
  "Option {name}: {about}.": "选项 {name}：{about}。",
  "only packets for which this holds, in the language of tcpdump, in quotes: {example}":
    "只抓取符合此条件的包，使用 tcpdump 语法并加引号：{example}",
  "only points of these kinds: {kinds}": "只在这些类型的点抓包：{kinds}",
  "whole packets with what the programs say; otherwise headers only": "抓取包含应用数据的完整包；否则只抓包头",
  "The filter has no closing quote.": "过滤条件缺少结尾引号。",
  "Write {example}.": "请写成 {example}。",
  "There is no point {name}.": "没有 {name} 这种抓包点。",
  "Points: {names}.": "抓包点：{names}。",

  // commands/grammar/*.ts
  "{emoji} is an emoji; a command is made of names, addresses and durations.":
    "{emoji} 是表情符号，而命令由名称、地址和时长组成。",
  "Write the name as kubectl shows it.": "请按 kubectl 显示的名称书写。",
  "Names hold a–z, 0–9, “-” and “.”.": "名称只含 a–z、0–9、“-” 和 “.”。",
  "The character {character} has a meaning for shells and none for netcheck, which never uses one.":
    "字符 {character} 只在 shell 中有意义，而 netcheck 从不使用 shell。",
  "The character {character} ({code}) cannot be part of a name, an address or a duration.":
    "字符 {character}（{code}）不能出现在名称、地址或时长中。",
  "One check at a time.": "一次只能写一个检查。",
  "{word} is not the id of a check.": "{word} 不是检查的编号。",
  "Ids look like {example}.": "编号形如 {example}。",
  "A duration cannot be negative: {word}.": "时长不能为负：{word}。",
  "{word} what? A duration needs a unit: s, m or h.": "{word} 缺少单位；时长需要单位：s、m 或 h。",
  "{word} is too short; the shortest check is {limit}.": "{word} 太短；检查最短为 {limit}。",
  "{word} is too long; the longest check is {limit}.": "{word} 太长；检查最长为 {limit}。",
  pod: "Pod",
  deployment: "Deployment",
  service: "Service",
  node: "节点",
  address: "地址",
  host: "主机",
  "{kind} {name}": "{kind} {name}",
  "Both ends are the {end}; a check needs two different ends.": "两端都是 {end}，而检查需要不同的两端。",
  "netcheck measures from inside the cluster, and the {end} is no pod or node of {cluster}.":
    "netcheck 从集群内部测量，而 {end} 不是 {cluster} 的 Pod 或节点。",
  "Put the pod first.": "请把 Pod 写在前面。",
  "Wait until it runs, or check another pod.": "请等它运行后再试，或检查其他 Pod。",
  "The {kind} {name} exists in more than one namespace.": "{kind} {name} 存在于多个命名空间中。",
  "The {kind} {name} has no address yet.": "{kind} {name} 还没有地址。",
  "The pod {pod} has no address yet (it is {phase}).": "Pod {pod} 还没有地址（状态为 {phase}）。",
  "There is no {kind} {name} in cluster {cluster}.": "集群 {cluster} 中不存在 {kind} {name}。",
  "There is no {kind} {name} in the namespace {namespace} of cluster {cluster}.":
    "集群 {cluster} 的命名空间 {namespace} 中不存在 {kind} {name}。",
  "{missing} There is one in {namespace}.": "{missing}命名空间 {namespace} 中有一个。",
  "TCP port of the second end, the same as {port} behind it": "第二端的 TCP 端口，等同于在其后写 {port}",
  "cluster of both ends, the same as @cluster behind them; the channel's own when left out":
    "两端所在的集群，等同于在其后写 @cluster；省略时用频道的集群",
  "language of the answer and the whole thread, en or zh; the channel's own when left out":
    "应答和整个消息列的语言，en 或 zh；省略时用频道的语言",
  "There is no option {name}.": "不存在选项 {name}。",
  "Options: {names}.": "可用选项：{names}。",
  "The option {name} has no value.": "选项 {name} 没有值。",
  "Write {name}=VALUE.": "请写成 {name}=VALUE。",
  "The option {name} stands there twice.": "选项 {name} 写了两次。",
  "{word} is a person or a group in Slack, not a target.": "{word} 是 Slack 中的用户或群组，不是检查目标。",
  "{word} is a channel in Slack, not a target.": "{word} 是 Slack 中的频道，不是检查目标。",
  "Write the name of a pod, service or node.": "请写 Pod、Service 或节点的名称。",
  "{word} is a URL; a target is a host and a port.": "{word} 是 URL，而目标由主机和端口组成。",
  "The cluster's name is missing behind @.": "@ 后面缺少集群名称。",
  "{word} holds more than one @.": "{word} 含有不止一个 @。",
  "{word} is not an IPv6 address in brackets.": "{word} 不是方括号中的 IPv6 地址。",
  "Write {one} or {other}.": "请写成 {one} 或 {other}。",
  "An IPv6 address needs brackets, because of the port behind it.": "IPv6 地址后面可能跟端口，因此需要方括号。",
  "{word} is a network; a check needs one address.": "{word} 是网段，而检查需要单个地址。",
  "{word} is not an IPv4 address.": "{word} 不是 IPv4 地址。",
  "Write four numbers from 0 to 255, such as {example}.": "请写四个 0 到 255 之间的数字，例如 {example}。",
  "A kind is followed by {right}, not by {wrong}.": "类型后面应跟 {right}，而不是 {wrong}。",
  "The kind comes first.": "类型应写在最前面。",
  "{word} is not a target.": "{word} 不是检查目标。",
  "Targets: {forms}, each with {port}.": "目标写法：{forms}，后面都可加 {port}。",
  "This namespace has {length} characters; the longest has {most}.":
    "该命名空间有 {length} 个字符，而最长为 {most} 个字符。",
  "This name has {length} characters; the longest has {most}.": "该名称有 {length} 个字符，而最长为 {most} 个字符。",
  "{word} cannot be the name of anything in Kubernetes.": "{word} 不能作为 Kubernetes 中的名称。",
  "Names hold a–z, 0–9, “-” and “.”, and begin and end with a letter or digit.":
    "名称只含 a–z、0–9、“-” 和 “.”，并以字母或数字开头和结尾。",
  "The port is missing behind {colon}.": "{colon} 后面缺少端口。",

  // cpu-throttled.ts
  "the CPU limits of no asked pod could be read": "没有一个所查 Pod 的 CPU 限额可读",
  "containers behind the asked ports were throttled in {shares} of their CPU periods":
    "所查端口背后的容器被限流的 CPU 周期占比：{shares}",
  "{share} ({pod})": "{share}（{pod}）",
  "{container} of {pod} had to stop in {throttled} of {periods} CPU periods ({share}), {time} in all":
    "{pod} 的 {container} 在 {periods} 个 CPU 周期中有 {throttled} 个被迫停下（{share}），共 {time}",
  "its limit is {milli}m: {quota} of CPU in every {period}": "其限额是 {milli}m：每 {period} 只有 {quota} 的 CPU",
  "in these seconds port {port} is slow: {slow} of {of} waited {limit} or longer for the first byte, while connects take {connect}: it is not the network":
    "在这些秒里端口 {port} 很慢：{of}中有 {slow} 个等待首字节 {limit} 或更久，而建立连接只要 {connect}：不是网络问题",
  "how long the program takes to answer could not be timed: it speaks no HTTP, or nothing was asked":
    "无法测量程序的响应时间：它不是 HTTP 服务，或没有发出请求",
  "Raise or remove the CPU limit of {container} in {pod}, or give it less to do; the network needs no change":
    "调高或去掉 {pod} 中 {container} 的 CPU 限额，或减少它的任务；网络无需改动",
  "Watch container_cpu_cfs_throttled_periods_total: the average of CPU use does not show it":
    "监控 container_cpu_cfs_throttled_periods_total：CPU 平均使用率看不出来",

  // cron.ts
  minute: "分钟",
  hour: "小时",
  "day of the month": "日",
  month: "月",
  "day of the week": "星期",
  "{word} is a nickname; a pattern is written with its five fields.": "{word} 是别名；请写出完整的五个字段。",
  "A pattern has five fields: minute, hour, day of the month, month, day of the week. This one has {count}.":
    "表达式有五个字段：分钟、小时、日、月、星期。这里有 {count} 个。",
  "This pattern never fires: none of its months has a day {day}.": "这个表达式永远不会触发：所选月份都没有 {day} 日。",
  "A step follows “*” or a range, not one number: {word}.": "步长只能跟在“*”或范围后面，不能跟在单个数字后面：{word}。",
  "The range {range} runs backwards.": "范围 {range} 前后颠倒。",
  "{word} has no step that works: for the {field} it is a number from 1 to {most}.":
    "{word} 的步长无效：{field}的步长是 1 到 {most} 的数字。",
  "{number} cannot be the {field}: that is a number from {low} to {high}.":
    "{number} 不是有效的{field}：应为 {low} 到 {high} 的数字。",
  "{word} cannot be the {field}: write a number, a list, a range, a step or “*”, such as {example}.":
    "{word} 不是有效的{field}：请写数字、列表、范围、步长或“*”，例如 {example}。",
  "A pattern is minute, hour, day of the month, month, day of the week: {example} is every night at 01:00.":
    "表达式依次是分钟、小时、日、月、星期：{example} 表示每天 01:00。",
  "The pattern has no closing quotation mark.": "表达式缺少右引号。",
  "The pattern is missing: when is it to run?": "缺少表达式：什么时候运行？",
  "Write five fields in quotation marks, such as {example}.": "请在引号内写五个字段，例如 {example}。",

  // diagnose.ts
  "Nothing was measured.": "没有测到任何数据。",
  "echoes {where} are not answered ({bad} of {of}), TCP on the same way is: something filters ICMP":
    "{where}中 ping 没有应答（{of} 次中的 {bad} 次），同一路径上的 TCP 有应答：有设备在过滤 ICMP",
  "beside the asked path, at {place}: {bad} of {of} packets lost": "不在所查路径上，{place} 处：{of} 个包丢失 {bad} 个",
  "beside the asked path, at {place}: {bad} of {of} packets late":
    "不在所查路径上，{place} 处：{of} 个包有 {bad} 个延迟",
  "small delays at {nodes} cannot be told from the machine being busy: packets that never leave the node took up to {extra} ms longer as well":
    "{nodes} 上的小延迟无法与机器繁忙区分：不离开节点的包也最多慢了 {extra} ms",
  "{at}: {finding}.": "{at}：{finding}。",

  // digest.ts
  "{id} is clean: {runs} of {path}, loss {loss}, p99 {p99}{before}.":
    "{id} 一切正常：{path} 运行 {runs}，丢包 {loss}，p99 {p99}{before}。",
  " (usual: {p99})": "（通常为 {p99}）",
  "{path}: {bad} of {all} need a look": "{path}：{all}中有 {bad} 次需要查看",
  "{runs} clean.": "{runs}正常。",
  "{id}: {why}": "{id}：{why}",
  "loss {loss}": "丢包 {loss}",
  "p99 {p99}": "p99 {p99}",
  "observed {share}": "观测到 {share}",
  ", worse than usual": "，比平时差",
  ", better than usual": "，比平时好",
  "{title}, {where}": "{title}，{where}",
  "{what}: new": "{what}：新出现",
  "{what}: also on {count} of the runs before": "{what}：此前有 {count} 次运行也出现过",
  "No runs of the seven days before to compare with.": "前七天没有可比较的运行。",
  "Usual in the seven days before, over {runs}: loss {loss}, p99 {p99}.":
    "前七天 {runs}的平时水平：丢包 {loss}，p99 {p99}。",
  "1 run": "1 次",
  "{count} runs": "{count} 次",
  "{percent} ({lost} of {sent})": "{percent}（{sent} 个中丢失 {lost} 个）",

  // errors.ts
  "{text} {hint}": "{text} {hint}",

  // store/artifact-errors.ts, s3-client.ts
  "{file} was not kept as it is: on the way its bytes have changed (another sha256).":
    "{file} 未保存：传输途中内容已改变（sha256 不符）。",
  "{file} is not kept, or not any more.": "{file} 没有保存，或已被清理。",
  "See docs/captures.md for how long captures are kept.": "抓包保存多久，见 docs/captures.md。",
  "There is no room to keep {file}: the disk is nearly full.": "没有空间保存 {file}：磁盘即将写满。",
  "Make room below NETCHECK_DATA_DIR, or set a smaller NETCHECK_ARTIFACT_QUOTA_GB.":
    "请在 NETCHECK_DATA_DIR 下腾出空间，或调小 NETCHECK_ARTIFACT_QUOTA_GB。",
  "The folder that keeps {file} may not be read or written.": "保存 {file} 的目录不可读或不可写。",
  "Give the user that netcheck runs as the folder NETCHECK_DATA_DIR.":
    "请把 NETCHECK_DATA_DIR 目录的权限给运行 netcheck 的用户。",
  "The disk that keeps {file} fails: {code}.": "保存 {file} 的磁盘出错：{code}。",
  "The object store has no bucket {bucket}.": "对象存储中没有存储桶 {bucket}。",
  "Make the bucket, or correct NETCHECK_S3_BUCKET.": "请创建该存储桶，或更正 NETCHECK_S3_BUCKET。",
  "There is no credential for the object store.": "没有对象存储的凭据。",
  "Give netcheck one in a way that the AWS SDK knows, see docs/configuration.md.":
    "请以 AWS SDK 支持的方式提供凭据，见 docs/configuration.md。",
  "The object store does not let netcheck at {file} in bucket {bucket}: {reason}.":
    "对象存储不允许 netcheck 访问存储桶 {bucket} 中的 {file}：{reason}。",
  "Allow s3:PutObject, GetObject, DeleteObject and ListBucket on that bucket and prefix.":
    "请在该存储桶和前缀上允许 s3:PutObject、GetObject、DeleteObject 和 ListBucket。",
  "The object store failed at {file}: {reason}.": "对象存储处理 {file} 时失败：{reason}。",

  // cluster/measure.ts, measure-node.ts, measure-progress.ts, measure-result.ts
  "Cancelled by {who}.": "已由 {who} 取消。",
  "Cluster {cluster} could not be read for {minutes} minutes; nothing was measured.":
    "{minutes} 分钟内无法读取集群 {cluster}，没有测到任何数据。",
  "internal error while reading its output": "读取输出时发生内部错误",
  "the Kubernetes API did not answer at the end": "结束时 Kubernetes API 没有应答",
  "it was not reached before the check ended": "检查结束前没有连上它",
  "internal error, see the worker's log": "内部错误，见 worker 日志",
  "Cancelled; what was measured is being collected.": "已取消，正在收集已测到的数据。",
  "Cluster {cluster} cannot be read since {time}; trying again.": "已有 {time} 无法读取集群 {cluster}，正在重试。",
  "{nodes} cannot be reached since {time}; what runs there goes on.":
    "已有 {time} 无法连接 {nodes}，那里的测量仍在继续。",
  "Worker {from} was lost at {at}; resumed on {worker}.": "worker {from} 在 {at} 失联，已由 {worker} 接续。",
  "the evidence of this check is larger than 1 MB": "本次检查的证据超过 1 MB",
  "another task of the same name is on its node": "节点上有同名的其他任务",
  "its node is short of disk": "所在节点磁盘空间不足",
  "no worker asked for it for too long": "太久没有 worker 查询它",
  "its pod is gone": "所在 pod 已消失",
  "its pod has no process on its node": "所在 pod 在节点上没有进程",
  "its output reached the limit": "输出达到上限",
  "the agent on its node was restarted": "所在节点的 agent 重启过",
  "its node knows nothing of it; the node or its agent was restarted": "所在节点没有它的记录：节点或 agent 重启过",
  "{reason} with code {code}": "{reason}，退出码 {code}",
  "{how} ({said})": "{how}（{said}）",
  "not started: {how}": "没有启动：{how}",
  "ended early: {how}": "提前结束：{how}",
  "not reached": "没有连上",
  "{reason}, since {at}": "{reason}，始于 {at}",
  "{reason}, at {at}": "{reason}，时间 {at}",

  // plan-taps.ts
  "its devices are not known: nothing was recorded there": "未获知它的网络设备：未在该处抓包",
  "no device was found through which the packets of both ends go": "未找到两端的包所经过的设备",
  "the path has no point of the asked kinds": "该路径上没有所要求类型的抓包点",
  "the filter cannot be asked inside a tunnel: all packets between the two ends were recorded":
    "隧道内无法使用该过滤条件：已抓取两端之间的所有包",
  "only the first {most} points were recorded": "仅在前 {most} 个点抓包",
  // cluster/captures.ts
  "its recorder died with the agent of its node; started again at {times}":
    "该处的抓包随节点代理重启而中断，已于 {times} 重新开始",
  "its recorder has not started": "该处的抓包尚未开始",
  "the check had to end": "检查必须结束",
  "{node} did not hand them over in time": "{node} 未能及时交出文件",
  "{files} were let go on the node, because nobody had fetched them in time": "节点上的 {files}因未及时取走而被删除",
  "{files} could not be fetched: {reason}": "{files}未能取回：{reason}",
  "{files} were let go, because there was no room for them: those far from triggers went first":
    "{files}因空间不足被删除：先删除远离触发时刻的",
  "it was over before the devices of the path were known": "在获知途经设备之前检查已结束",

  // cluster/fetch-captures.ts
  "{node} does not have the recorded packets any more.": "{node} 上已没有抓到的包。",

  // pause.ts
  "Lets a schedule rest until it is resumed; a run that goes on is not stopped.":
    "暂停一个定时检查，直到恢复；正在运行的不会停止。",

  // progress-steps.ts
  "Resolve targets": "解析目标",
  "Record packets at {points}": "在 {points}抓包",
  "Collect and compare": "收集并比较",
  "Ping on {legs}": "ping：{legs}",
  "TCP connect on {legs}": "TCP 连接：{legs}",
  "{probe} on {legs}": "{probe}：{legs}",
  "Read counters and routes of {nodes}": "读取 {nodes}的计数器和路由",
  "{count} node": "{count} 个节点",
  "{count} nodes": "{count} 个节点",
  "{name} on {node}": "{name}（在 {node} 上）",
  "{from}, {to}": "{from}，{to}",
  "{from}, {to}, same node": "{from}，{to}，同一节点",

  // queue/ticker.ts
  "Worker {worker} was lost at {at}; what runs on the nodes goes on, another worker takes over.":
    "worker {worker} 在 {at} 失联；节点上的测量仍在继续，另一个 worker 会接手。",
  "Worker {worker} was lost at {at}; what runs on the nodes goes on, waiting for another worker.":
    "worker {worker} 在 {at} 失联；节点上的测量仍在继续，正在等待其他 worker。",
  "No worker of cluster {cluster} is there since {at}; the check waits for one.":
    "自 {at} 起集群 {cluster} 没有 worker，检查正在等待。",

  // report/chart-words.ts
  "no loss in {sent} probes": "{sent} 次探测没有丢失",
  "{share} lost ({lost} of {sent})": "丢失 {share}（{sent} 次中 {lost} 次）",
  "No answer at all": "完全没有应答",
  "Median {typical}, slowest {worst}": "中位数 {typical}，最慢 {worst}",
  "{title}. {latency}, {loss}.": "{title}。{latency}，{loss}。",
  "{title}. {latency}, {loss}. {episodes}": "{title}。{latency}，{loss}。{episodes}",
  "Marked: {label}, from {at} for {lasted}.": "标记处：{label}，从 {at} 起持续 {lasted}。",
  "Marked: {label}, from {at} for {lasted} and {count} more.":
    "标记处：{label}，从 {at} 起持续 {lasted}，另有 {count} 处。",

  // report/hops-text.ts
  "{share} lost from {from} to {to} ({lost} of {sent})": "从 {from} 到 {to} 丢失 {share}（{sent} 个中 {lost} 个）",
  "no hop with loss, {clean} clean": "没有丢包的跳，{clean} 跳正常",
  "{lossy}; {clean} clean": "{lossy}；{clean} 跳正常",
  "Hop by hop from {from} to {to} and back: {found}.": "{from} 到 {to} 往返逐跳：{found}。",
  "Hop by hop from {from} to {to} and back: {found}, {unsure} that cannot be judged ({why}).":
    "{from} 到 {to} 往返逐跳：{found}，{unsure} 跳无法判断（{why}）。",
  "{share} lost": "丢失 {share}",
  "{hops} Not compared: {points}.": "{hops}未比较：{points}。",
  "↓ to {to}, ↑ to {from}: lost/sent, delay p50/p99": "↓ 到 {to}，↑ 到 {from}：丢失/发出，延迟 p50/p99",

  // report/timeline-text.ts
  "{label} at {at}": "{at} {label}",
  "{label} × {count}, first at {at}": "{label} × {count}，首次 {at}",
  "{title}. {lanes}.": "{title}。{lanes}。",
  "{title}. {lanes}. Marked: {marks}.": "{title}。{lanes}。标记：{marks}。",
  "{label}: not measured": "{label}：未测量",
  "{label}: none": "{label}：无",
  "{label}: most {value} in {bucket}, at {at}": "{label}：{bucket} 内最多 {value}，{at}",
  "and {count} more": "另有 {count} 项",

  // resume.ts
  "Lets a paused schedule run again; what was due in between is not made up for.":
    "恢复已暂停的定时检查；暂停期间到期的不会补跑。",

  // rules/network-policy-deny.ts
  "network policies could not be read": "没有读到网络策略",
  "none of {policies} forbids anything that was sent on the path": "{policies}都没有禁止该路径上的流量",
  "{count} network policy": "{count} 条网络策略",
  "{count} network policies": "{count} 条网络策略",
  "{policies} would forbid some of it, but what it is about passes": "按 {policies} 有些流量应被禁止，但实际是通的",
  "{policies} isolates {pod} for what comes in and has no rule that allows {peers}":
    "{policies} 限制了 {pod} 的入站流量，没有规则允许 {peers}",
  "{policies} isolates {pod} for what goes out and has no rule that allows {peers}":
    "{policies} 限制了 {pod} 的出站流量，没有规则允许访问 {peers}",
  "all that it forbids fails: {bad} of {forbidden}, {list}": "被它禁止的都不通：{forbidden}中的 {bad} 条，{list}",
  "what policies allow at the same pod passes: {list}": "同一 Pod 上策略允许的流量正常：{list}",
  "{leg} is allowed and fails too": "{leg} 被允许，却同样不通",
  "Allow it if it is meant to be: an ingress rule in {namespace} for {pod} from {peers}, port {ports}":
    "如果本应允许：在 {namespace} 中为 {pod} 添加来自 {peers}、端口 {ports} 的入站规则",
  "Allow it if it is meant to be: an egress rule in {namespace} for {pod} to {peers}, port {ports}":
    "如果本应允许：在 {namespace} 中为 {pod} 添加到 {peers}、端口 {ports} 的出站规则",

  // node-clock.ts
  "the clock of {node} is {time} ahead of ours: its times were corrected by that estimate":
    "{node} 的时钟比我们快 {time}：其时间已按此估计校正",
  "the clock of {node} is {time} behind ours: its times were corrected by that estimate":
    "{node} 的时钟比我们慢 {time}：其时间已按此估计校正",

  // unschedule.ts
  "Ends a schedule for good; what ran and was not told yet is still told at its usual hour.":
    "彻底结束一个定时检查；已运行但尚未汇报的结果仍会在平时的时间汇报。",

  // schedules.ts
  "Lists what runs by itself: when it is due next, and how the last run ended.":
    "列出所有定时检查：下次何时运行，上次结果如何。",
  "Nothing follows this word; it lists all schedules.": "这个命令后面不需要内容，它列出所有定时检查。",
  "There are already {count} schedules, which is the most.": "已有 {count} 个定时检查，达到上限。",
  "Remove one that nobody needs with {command}.": "请用 {command} 删除不再需要的。",
  "Scheduled as {id}: {command}, {duration}.": "已安排 {id}：{command}，{duration}。",
  "{id} was already made by this command; nothing was made twice.": "这条命令已经创建了 {id}，不会重复创建。",
  "Next runs in {zone}: {times}.": "接下来的运行时间（{zone}）：{times}。",
  "Runs post nothing by themselves, also when the path is broken.": "运行时不发消息，即使路径中断。",
  "Every run posts its thread in this channel at once.": "每次运行都会立即在本频道发消息。",
  "The digest comes at {at}.": "汇总在 {at} 发布。",
  "A run that cannot start in time is left out, and that is said.": "不能按时启动的运行会跳过，并加以说明。",
  "A run that cannot start in time starts late, if it ends before the next one.":
    "不能按时启动的运行会延后进行，前提是能在下一次之前结束。",
  "A run that is still going on when the next is due makes that one be left out.":
    "上一次运行尚未结束时，到期的下一次会跳过。",
  "Nothing is scheduled.": "没有安排任何定时检查。",
  "1 schedule": "1 个定时检查",
  "{count} schedules": "{count} 个定时检查",
  paused: "已暂停",
  "paused by {who}": "由 {who} 暂停",
  "next run {at}": "下次运行 {at}",
  "{check} is running": "{check} 正在运行",
  "the outcome of {check} was lost": "{check} 的结果已丢失",
  "last run {check}: {verdict}": "上次运行 {check}：{verdict}",
  "{id} rests. {command} lets it run again.": "{id} 已暂停。用 {command} 恢复。",
  "{id} is paused already.": "{id} 已经是暂停状态。",
  "{id} is not paused.": "{id} 没有暂停。",
  "{id} runs again, next at {at}.": "{id} 已恢复，下次运行 {at}。",
  "{id} has ended and does not run again.": "{id} 已结束，不再运行。",
  "the run of {at} was left out: {check} of {before} was still going on.":
    "{at} 的运行已跳过：{before} 的 {check} 还在进行。",
  "the run of {at} was started, and its outcome was lost.": "{at} 的运行已启动，但结果已丢失。",
  "the run of {at} was left out: no bot was there to start it in time.":
    "{at} 的运行已跳过：当时没有 bot 可以按时启动它。",
  "{count} runs from {from} to {to} were left out: no bot was there to start them in time.":
    "从 {from} 到 {to} 的 {count} 次运行已跳过：当时没有 bot 可以按时启动它们。",
  "There is no schedule {id}.": "没有定时检查 {id}。",

  // schedule.ts
  "Runs a check again and again by itself, and tells once a day how that went.":
    "按计划自动重复运行一个检查，并每天汇报一次结果。",
  "The pattern is that of crontab in quotation marks: minute, hour, day of the month, month, day of the week.":
    "表达式写在引号内，与 crontab 相同：分钟、小时、日、月、星期。",
  "What is to run? The words of a check are missing.": "要运行什么？缺少检查的内容。",
  "{word} cannot be scheduled.": "{word} 不能定时运行。",
  "What starts a check can: {names}.": "只有启动检查的命令可以：{names}。",
  "This pattern fires every {gap}; a schedule may run every {least}.":
    "这个表达式每 {gap} 触发一次；最短间隔是 {least}。",
  "This pattern fires every {gap}, but its check lasts {duration} and needs {around} around it.":
    "这个表达式每 {gap} 触发一次，而检查持续 {duration}，前后还需要 {around}。",
  "Let it run more rarely, or make the check shorter than {most}.": "请降低频率，或让检查短于 {most}。",

  // schedule-options.ts
  "time zone whose clocks the pattern means, such as Europe/Berlin; UTC when left out":
    "表达式所用的时区，例如 Asia/Shanghai；省略时为 UTC",
  "hour at which the digest is posted, such as 08:00, which it is when left out":
    "发布汇总的时间，例如 08:00（省略时即为此）",
  "yes: a run posts nothing, the digest tells how it ended; no: a run posts its thread at once; yes when left out":
    "yes：运行时不发消息，由汇总说明结果；no：每次运行立即发消息；省略时为 yes",
  "what becomes of a run that could not start in time: skip, or run it late; skip when left out":
    "未能按时启动的运行如何处理：skip 跳过，run 延后运行；省略时为 skip",
  "The option {name} is {first} or {second}, not {value}.": "选项 {name} 只能是 {first} 或 {second}，不能是 {value}。",
  "There is no time zone {value}.": "没有时区 {value}。",
  "Zones are written Area/City, such as {example}, because abbreviations say nothing of summer time.":
    "时区写作“地区/城市”，例如 {example}，因为缩写不能说明夏令时。",
  "{value} is not a time of day.": "{value} 不是有效的时间。",
  "Write hours and minutes from 00:00 to 23:59, such as {example}.":
    "请写 00:00 到 23:59 之间的时和分，例如 {example}。",

  // schedule-id.ts
  "One schedule at a time.": "一次只能指定一个定时检查。",
  "{word} is not the id of a schedule.": "{word} 不是定时检查的编号。",
  "Ids look like {example}; {command} lists them.": "编号形如 {example}；用 {command} 列出全部。",
  "Which schedule? An id is missing.": "哪个定时检查？缺少编号。",
  "There is no schedule.": "没有定时检查。",

  // workers/report.ts
  "before its end": "提前结束",
  "Internal error, quote {id}.": "内部错误，请提供编号 {id}。",

  // rank.ts
  "not measured: {kinds}": "没有测量：{kinds}",

  // frag-needed-lost.ts
  '{from} says "fragmentation needed" (MTU {mtu}), and {at} hears it':
    "{from} 发出了 “需要分片” 报文(MTU {mtu}),{at} 收到了",
  "no node of the path refused packets as too large": "路径上没有节点因包过大而拒绝转发",
  "{node} refused {count} packets as too large to forward ({counter}) and so owed their senders an answer ({message})":
    "{node} 因包过大拒绝转发 {count} 个包({counter}),按规定应向发送方回复 {message}",
  "none reached {senders}, whose full-size TCP segments stall": "{senders} 一个也没收到,其满长 TCP 报文段一直卡住",
  "the packet filter of {at} drops them: {rule} took {count} packets during the check":
    "{at} 的包过滤规则把它们丢弃了:检查期间 {rule} 命中 {count} 个包",
  "the largest packet that crosses from {way} has {bytes} bytes": "{way} 能通过的最大包为 {bytes} 字节",
  "no packet filter that was read takes them": "读取到的包过滤规则都没有命中这类报文",
  "Let {message} pass in the packet filter of {at}": "在 {at} 的包过滤规则中放行 {message}",
  "Find what drops {message} between {node} and {sender}": "查出 {node} 与 {sender} 之间是什么丢弃了 {message}",
  "Set the MTU of the pods to what the path carries, so that they need no such message":
    "把 Pod 的 MTU 设为路径实际能承载的大小,这样就不再依赖这类报文",
  // mtu-black-hole.ts
  "large packets cross on the asked path; beside it, {way} stops at {bytes} bytes":
    "所查路径上大包可以通过;路径之外,{way} 超过 {bytes} 字节就不通",
  "echoes above {bytes} bytes get no answer on {way}; no TCP transfer was possible that could tell whether anything else is concerned":
    "{way} 上超过 {bytes} 字节的 ping 没有应答;无法进行 TCP 传输,因而不能判断是否只影响 ping",
  "echoes above {bytes} bytes get no answer on {way}, but TCP passes in packets of {packet} bytes":
    "{way} 上超过 {bytes} 字节的 ping 没有应答,但 TCP 以 {packet} 字节的包正常通过",
  "{way} carries {bytes} bytes, {teller} says so, and TCP adapts":
    "{way} 最多承载 {bytes} 字节,{teller} 已告知发送方,TCP 能自行适应",
  "neither large nor small packets were answered": "大包和小包都没有应答",
  "packets of {bytes} bytes cross on {way}, larger ones are not sent":
    "{way} 上 {bytes} 字节的包可以通过,更大的包不会发出",
  "packets of full size cross on {ways}": "以下线路满长包可以通过:{ways}",
  "echoes are not answered on {way}, so the size is not known to the byte": "{way} 上 ping 没有应答,因此无法精确到字节",
  "on {way} IP packets of up to {bytes} bytes cross and larger ones vanish: {answered} of {tried} echoes up to that size were answered, none of {unanswered} above it":
    "{way} 上不超过 {bytes} 字节的 IP 包可以通过,更大的包消失:不超过该大小的 {tried} 次 ping 有 {answered} 次应答,超过该大小的 {unanswered} 次全无应答",
  "on {way} IP packets of {bytes} bytes cross, those of {above} bytes and more vanish: {answered} of {tried} echoes up to the one size were answered, none of {unanswered} from the other on":
    "{way} 上 {bytes} 字节的 IP 包可以通过,{above} 字节及以上的包消失:前者及更小的 {tried} 次 ping 有 {answered} 次应答,后者及更大的 {unanswered} 次全无应答",
  "it began about {time}": "大约从 {time} 开始",
  "it had ended by {time}: larger packets crossed again": "到 {time} 已结束:更大的包又能通过",
  "TCP on {way} connects, small packets are acknowledged, and then full-size segments ({packet}-byte packets) are not: sent again {resent} times in {time} without an acknowledgement, in each of {stalls} tries":
    "{way} 上 TCP 能建立连接,小包得到确认,而满长报文段({packet} 字节的包)得不到:{time} 内重传 {resent} 次均无确认,{stalls} 次尝试全部如此",
  "the same {bytes} bytes in packets of {small} pass within {time}":
    "同样的 {bytes} 字节改用 {small} 字节的包发送,{time} 内全部通过",
  'no "fragmentation needed" came back to the sender': "发送方没有收到任何 “需要分片” 报文",
  'no "packet too big" came back to the sender': "发送方没有收到任何 “包过大” 报文",
  '"fragmentation needed" came back from {from} (MTU {mtu}), but TCP did not recover':
    "{from} 回复了 “需要分片” 报文(MTU {mtu}),但 TCP 没有恢复",
  "every device that could be read takes more: {devices}": "读取到的设备 MTU 都更大:{devices}",
  "between the nodes at most {bytes} bytes cross, {overhead} more, which is what {kind} adds to a pod's packet":
    "节点之间最多通过 {bytes} 字节,多出的 {overhead} 字节正是 {kind} 给 Pod 的包加上的封装",
  "Raise the MTU of what lies on the way {way} (switch port, bond member, cloud network, VPN) to {bytes}":
    "把 {way} 沿途的设备(交换机端口、bond 成员、云网络、VPN)的 MTU 提高到 {bytes}",
  "Lower the MTU of the senders until large packets cross": "降低发送方的 MTU,直到大包可以通过",
  "Or set the MTU of the pods and of the overlay's devices to {bytes} on all nodes (CNI configuration) and restart the pods":
    "或者在所有节点上把 Pod 和 overlay 设备的 MTU 设为 {bytes}(CNI 配置),并重启 Pod",
  "Until then let TCP agree on smaller segments, with an MSS of {mss}: {command}":
    "在此之前可让 TCP 协商更小的报文段,MSS 设为 {mss}:{command}",
  "Or switch net.ipv4.tcp_mtu_probing to 1 at {at}: TCP then finds a size that passes after a few seconds":
    "或者在 {at} 上把 net.ipv4.tcp_mtu_probing 设为 1:TCP 会在几秒后自行找到能通过的大小",
  'Let ICMPv6 "packet too big" (type 2) pass on the way, so that senders learn the limit':
    "在沿途放行 ICMPv6 “包过大” 报文(type 2),让发送方得知上限",
  'Let ICMP "fragmentation needed" (type 3, code 4) pass on the way, so that senders learn the limit':
    "在沿途放行 ICMP “需要分片” 报文(type 3, code 4),让发送方得知上限",
  // mtu-mismatch.ts
  "the devices of the path's nodes were not read": "没有读取到路径上各节点的设备信息",
  "NICs of the path: {nics}": "路径上的网卡:{nics}",
  "{nic} of {node} has an MTU of {mtu}, its peers have more: {peers}": "{node} 的 {nic} MTU 为 {mtu},对端更大:{peers}",
  "full-size TCP segments stall on {ways}": "以下线路满长 TCP 报文段卡住:{ways}",
  "Set the MTU of {nic} on {node} to {needed}, like that of its peers":
    "把 {node} 上 {nic} 的 MTU 设为 {needed},与对端一致",
  "{device} of {node} has an MTU of {mtu}, {peer} sends packets of {larger} to it":
    "{node} 的 {device} MTU 为 {mtu},而 {peer} 向它发送 {larger} 字节的包",
  "Give both ends of the pod's link and the bridge between them the same MTU (CNI configuration), and restart the pod":
    "让 Pod 链路两端及其网桥使用相同的 MTU(CNI 配置),并重启该 Pod",
  // mtu-overlay-too-large.ts
  "{device} of {node} lets {mtu} bytes in and adds {overhead}, more than the {nicMtu} of its NIC, but full-size packets cross all the same":
    "{node} 的 {device} 接收 {mtu} 字节并增加 {overhead} 字节封装,超过网卡的 {nicMtu},但满长包仍可通过",
  "what {device} of {node} lets in ({mtu} bytes, {overhead} added) fits its NIC ({nicMtu} bytes)":
    "{node} 的 {device} 接收的包({mtu} 字节,封装再加 {overhead})没有超过网卡的 {nicMtu} 字节",
  "{device} of {node} lets packets of {mtu} bytes in, {kind} adds {overhead}, and {nic} carries {nicMtu}: {over} too many":
    "{node} 的 {device} 接收 {mtu} 字节的包,{kind} 再加 {overhead} 字节,而 {nic} 只能承载 {nicMtu}:超出 {over} 字节",
  "the largest packet that crosses has {bytes} bytes, which is {nicMtu} less {overhead}":
    "能通过的最大包为 {bytes} 字节,即 {nicMtu} 减去 {overhead}",
  "it is the same with {devices}": "以下设备同样如此:{devices}",
  "Set the MTU of {device} and of the pods to {right} or less (CNI configuration), and restart the pods: they keep the MTU they were born with":
    "把 {device} 和 Pod 的 MTU 设为 {right} 或更小(CNI 配置),并重启 Pod:Pod 的 MTU 在创建时就固定了",
  "Or raise the MTU of {nic} and of everything between the nodes to {needed}":
    "或者把 {nic} 以及节点之间所有设备的 MTU 提高到 {needed}",
  // rules/hairpin-broken.ts
  "the pod was not asked to call a Service of its own": "没有测量 Pod 访问自己所属的 Service",
  "{pod} reaches its own Service": "{pod} 能访问自己所属的 Service",
  "{pod} is one of {endpoints} of {service}, and {failed} of {sent} to it fail from there ({share}, its own share is {expected})":
    "{pod} 是 {service} 的 {endpoints}之一，从它发起的 {sent}中有 {failed} 次失败（{share}，落到自身的份额是 {expected}）",
  "{count} endpoint": "{count} 个端点",
  "{count} endpoints": "{count} 个端点",
  "from elsewhere the same Service answers: {places}": "从其他位置访问同一 Service 正常：{places}",
  "hairpin mode is off on {device} of {node}, the bridge port of {pod}":
    "{node} 的 {device}（{pod} 的网桥端口）未开启 hairpin 模式",
  "Set hairpinMode: true in the configuration of the bridge plugin, and switch it on for ports that exist: bridge link set dev {device} hairpin on":
    "在 bridge 插件配置中设置 hairpinMode: true，并为已有端口打开：bridge link set dev {device} hairpin on",
  "Let the program reach itself by localhost instead of its Service until then":
    "在此之前让程序通过 localhost 而不是 Service 访问自身",

  // rules/kube-proxy-down.ts
  "the cluster shows no kube-proxy pods": "集群中没有 kube-proxy 的 Pod",
  "kube-proxy does not run on {nodes}, but Service addresses work from there or were not tried":
    "{nodes} 上 kube-proxy 没有运行，但从那里访问 Service 地址正常，或没有测量",
  "kube-proxy runs on {nodes}": "{nodes} 上 kube-proxy 正在运行",
  "kube-proxy does not run on {node}: none of its pods belongs there, {running} of {nodes} nodes run one":
    "{node} 上 kube-proxy 没有运行：没有属于该节点的 Pod，{nodes} 个节点中有 {running} 个在运行",
  "kube-proxy does not run on {node}: {pod} is Pending since {since}":
    "{node} 上 kube-proxy 没有运行：{pod} 自 {since} 起一直 Pending",
  "kube-proxy does not run on {node}: {pod} is Pending since {since}, {reason}: {message}":
    "{node} 上 kube-proxy 没有运行：{pod} 自 {since} 起一直 Pending，{reason}：{message}",
  "kube-proxy does not run on {node}: {pod} ended at {since}, {reason}: {message}":
    "{node} 上 kube-proxy 没有运行：{pod} 于 {since} 终止，{reason}：{message}",
  "kube-proxy does not run on {node}: {pod} is in {reason} since {since}, {restarts} restarts, last end {end}":
    "{node} 上 kube-proxy 没有运行：{pod} 自 {since} 起处于 {reason}，重启 {restarts} 次，上次退出 {end}",
  "{node} has no rules for {missing} of {wanted} ports of Services with ready endpoints":
    "有就绪端点的 {wanted} 个 Service 端口中，{node} 缺少 {missing} 个的规则",
  "event {reason} of {pod} at {time}: {message}": "{pod} 在 {time} 的事件 {reason}：{message}",
  "{pod} has no critical priority class: it gets room last and is evicted first":
    "{pod} 没有关键优先级：调度时最后得到资源，驱逐时最先被赶走",
  "from {from} to {service} ({ip}:{port}) {bad} of {sent} fail":
    "从 {from} 到 {service}（{ip}:{port}）的 {sent}中有 {bad} 次失败",
  "from {from} on {node} {service} answers: {good} of {sent}":
    "从 {node} 上的 {from} 访问 {service} 正常：{sent}成功 {good} 次",
  "addresses of pods answer there: {leg}, {lost} of {sent} lost": "那里的 Pod 地址是通的：{leg}，{sent}丢失 {lost} 个",
  "Give the DaemonSet of kube-proxy priorityClassName system-node-critical, so that it always finds room and is not evicted":
    "给 kube-proxy 的 DaemonSet 设置 priorityClassName: system-node-critical，使它总能得到资源且不被驱逐",
  "Read the log of its last run: kubectl logs -n {pod} --previous":
    "查看它上一次运行的日志：kubectl logs -n {pod} --previous",
  "Make room on {node} until then: its kube-proxy has to start before any Service works there":
    "在此之前先为 {node} 腾出资源：kube-proxy 启动之前，那里任何 Service 都不可用",
  "Look at why the DaemonSet in {namespace} leaves out {node}: taints, node selector, affinity":
    "查明 {namespace} 中的 DaemonSet 为何漏掉 {node}：污点、节点选择器、亲和性",

  // rules/loopback-only-listener.ts
  "{target} listens on {sockets} only, which nobody outside of it can reach": "{target} 只监听 {sockets}，外部无法访问",
  "port {port} of {target} refuses {refused} of {sent}: {legs}":
    "{target} 的端口 {port} 拒绝了 {sent}中的 {refused} 次：{legs}",
  "Let the program of {target} listen on 0.0.0.0 (or ::) instead of the loopback address":
    "让 {target} 的程序监听 0.0.0.0（或 ::），而不是回环地址",
  "no port that refuses is open on a loopback address": "拒绝连接的端口都没有在回环地址上监听",

  // rules/no-endpoints.ts
  "the EndpointSlices could not be read": "没有读到 EndpointSlice",
  "no Service was asked about": "没有测量 Service",
  "{service} has {ready}": "{service} 有 {ready}",
  "{count} ready endpoint": "{count} 个就绪端点",
  "{count} ready endpoints": "{count} 个就绪端点",
  "{service} has no ready endpoint, but answers or was not tried": "{service} 没有就绪端点，但有应答或没有测量",
  "{pod} is not ready": "{pod} 未就绪",
  "{pod} is not ready: {why}": "{pod} 未就绪：{why}",
  "{service} has no ready endpoint; {unready} listed": "{service} 没有就绪端点；列出了 {unready}",
  "{count} address that is not ready is": "{count} 个未就绪地址",
  "{count} addresses that are not ready are": "{count} 个未就绪地址",
  "of its pods {states}": "它的 Pod：{states}",
  "event {reason} of {object}: {message}": "{object} 的事件 {reason}：{message}",
  "Find out why the pods behind {service} are not ready: their readiness probe, their log, what they wait for":
    "查明 {service} 背后的 Pod 为何未就绪：就绪探针、日志、它们在等待什么",
  "Write the EndpointSlices of {service}: it has no selector, so nobody does that for it":
    "为 {service} 编写 EndpointSlice：它没有选择器，没有控制器代劳",

  // rules/selector-mismatch.ts
  "{service} has no selector": "{service} 没有选择器",
  "the selector of {service} finds {pods}": "{service} 的选择器匹配到 {pods}",
  "{count} pod": "{count} 个 Pod",
  "{count} pods": "{count} 个 Pod",
  "{service} selects no pod, but answers or was not tried": "{service} 没有选中任何 Pod，但有应答或没有测量",
  "the selector of {service}, {selector}, finds no pod in {namespace}":
    "{service} 的选择器 {selector} 在 {namespace} 中匹配不到任何 Pod",
  "one label away: {pods}": "只差一个标签：{pods}",
  "Make the selector of {service} and the labels of its pods the same": "让 {service} 的选择器与其 Pod 的标签一致",

  // rules/service-rules-missing.ts
  "the Service rules of no node of the path could be read whole": "路径上没有一个节点的 Service 规则被完整读到",
  "{nodes} keep no Services in rules that are read: eBPF programs, or others, send them on":
    "{nodes} 的 Service 不在已读取的规则中：由 eBPF 程序或其他方式转发",
  "{nodes} send on the Services that were tried, or have nothing to do with them":
    "{nodes} 会转发所测的 Service，或与其无关",
  "{node} has no rule that sends {services} on, although {ready} ready":
    "{node} 没有转发 {services} 的规则，而它有 {ready}",
  "{count} endpoint is": "{count} 个就绪端点",
  "{count} endpoints are": "{count} 个就绪端点",
  "{nodes} have that rule": "{nodes} 有这条规则",
  "{pod} runs there and did not write it": "{pod} 在那里运行，却没有写入这条规则",
  "{pod} runs there since {time} and did not write it": "{pod} 自 {time} 起在那里运行，却没有写入这条规则",
  "Restart kube-proxy on {node}: it writes all rules anew when it starts":
    "重启 {node} 上的 kube-proxy：它启动时会重写全部规则",
  "Look in its log for why it lost them: a failed iptables-restore or nft transaction, a watch that ended, somebody who flushed the table":
    "在它的日志里查明规则为何丢失：iptables-restore 或 nft 事务失败、watch 中断、有人清空了表",

  // rules/stale-endpoint.ts
  "the rules of {nodes} lead to living endpoints only, or connects do not fail in their share":
    "{nodes} 的规则只指向存活的端点，或连接失败的比例与之不符",
  "the rules of {node} send {service} to {addresses}, {count} of {of} backends":
    "{node} 的规则把 {service} 转发到 {addresses}，占 {of} 个后端中的 {count} 个",
  "{failed} of {sent} to its address got no answer ({share}); {expected} is what that share of dead backends makes":
    "对该地址的 {sent}中有 {failed} 次没有应答（{share}）；按失效后端的比例应为 {expected}",
  "asked each by its own address, its living endpoints answer: {failed} of {sent} fail":
    "直接访问各存活端点的地址正常：{sent}失败 {failed} 次",
  "Restart kube-proxy on {nodes}: it takes out of the rules what is no endpoint any more":
    "重启 {nodes} 上的 kube-proxy：它会从规则中去掉已不是端点的地址",
  "Look at who wrote the EndpointSlices of {service} and when, if the address is listed there":
    "如果该地址列在 {service} 的 EndpointSlice 中，查明是谁、何时写入的",
  "{ip}, which is in no EndpointSlice": "{ip}（不在任何 EndpointSlice 中）",
  "{ip}, which no pod has": "{ip}（没有 Pod 使用该地址）",
  "{ip}, whose pod has ended": "{ip}（其 Pod 已终止）",

  // rules/wrong-target-port.ts
  "no Service of the path leads to a port that is closed in all of its pods":
    "路径上没有 Service 指向其所有 Pod 都未监听的端口",
  "port {port} of {service} leads to port {target}, on which {pods} not listen":
    "{service} 的端口 {port} 指向端口 {target}，而 {pods}没有监听它",
  "{pod} does": "{pod} ",
  "{pods} do": "{pods} ",
  "they listen on {ports}": "它们监听的是 {ports}",
  "their containers declare {ports}": "它们的容器声明的端口是 {ports}",
  "{refused} of {sent} to it refused": "对它的 {sent}中有 {refused} 次被拒绝",
  "Set the targetPort of {service} to {port}": "把 {service} 的 targetPort 改为 {port}",
  "Set the targetPort of {service} to the port that its pods serve":
    "把 {service} 的 targetPort 改为其 Pod 实际服务的端口",

  // sentence.ts: lists and counted nouns
  "{list} and {count} more": "{list} 等（另有 {count} 个）",
  "{count} recorded file": "{count} 个抓包文件",
  "{count} recorded files": "{count} 个抓包文件",
  "{count} packet": "{count} 个包",
  "{count} packets": "{count} 个包",
  "{count} leg": "{count} 条测量线路",
  "{count} legs": "{count} 条测量线路",
  "{count} echo": "{count} 次 ping",
  "{count} echoes": "{count} 次 ping",
  "{count} connect": "{count} 次连接",
  "{count} connects": "{count} 次连接",
  "{count} DNS query": "{count} 次 DNS 查询",
  "{count} DNS queries": "{count} 次 DNS 查询",
  "{count} time": "{count} 次",
  "{count} times": "{count} 次",
  "{count} connection": "{count} 个连接",
  "{count} connections": "{count} 个连接",
  "{count} datagram": "{count} 个数据报",
  "{count} datagrams": "{count} 个数据报",
  "{count} OOM kill": "{count} 次 OOM 杀进程",
  "{count} OOM kills": "{count} 次 OOM 杀进程",
  "{count} stretch": "{count} 段",
  "{count} stretches": "{count} 段",

  // accept-queue-overflow.ts
  "the queues of the asked port could not be read": "无法读取所查端口的连接队列",
  "no connection was turned away by a full queue of {ports}": "{ports} 没有因队列已满而拒绝连接",
  "port {port} of {pod} has {waiting} waiting to be accepted, and its queue takes {limit}":
    "{pod} 的端口 {port} 上有 {waiting}等待 accept，而其队列上限是 {limit}",
  "the kernel of {pod} turned {count} away for that while connects failed (ListenOverflows)":
    "在连接失败期间，{pod} 的内核因此拒绝了 {count}（ListenOverflows）",
  "{lost} of {sent} to it were not answered or needed a second SYN: {legs}":
    "发往它的 {sent}中有 {lost} 次没有应答或需要重发 SYN：{legs}",
  "ListenOverflows did not move during the check, or could not be read":
    "检查期间 ListenOverflows 没有增加，或无法读取",
  "Look at what keeps the program of {pod} from accepting: all workers busy, a blocked event loop, a deadlock, a CPU limit":
    "查明 {pod} 的程序为何不 accept：工作线程全忙、事件循环阻塞、死锁或 CPU 限额",
  "If it only lags behind in bursts, give listen() a longer queue and raise net.core.somaxconn with it":
    "如果只是突发时跟不上，加大 listen() 的队列，并同时调高 net.core.somaxconn",

  // conntrack-full.ts
  "the connection table of no node of the path could be read": "路径上没有一个节点的连接跟踪表可读",
  "connection tables are filled to {fills}": "连接跟踪表的占用率：{fills}",
  "{share} on {node}": "{node} 为 {share}",
  "the connection table of {node} holds {most} of at most {max} connections ({share})":
    "{node} 的连接跟踪表有 {most} 个连接，上限 {max}（{share}）",
  "{node} dropped {packets} for want of an entry while packets were lost":
    "在丢包期间，{node} 因没有空闲表项丢弃了 {packets}",
  "its kernel log says `table full, dropping packet`": "其内核日志里有 `table full, dropping packet`",
  "{legs} of {node} lose: {which}": "{node} 的 {legs}丢包：{which}",
  "when it was read the table was filled to {share} only": "读取时连接跟踪表只占用了 {share}",
  "Find out who holds so many connections on {node}, and close those": "查明是谁在 {node} 上占了这么多连接，并关闭它们",
  "Raise net.netfilter.nf_conntrack_max on {node} (kube-proxy sets it from --conntrack-max-per-core)":
    "调高 {node} 的 net.netfilter.nf_conntrack_max（kube-proxy 由 --conntrack-max-per-core 设置它）",

  // duplicate-ip.ts
  "somebody else answers for {ip} of {owner}, but packets to it arrive":
    "{owner} 的 {ip} 还有别人应答，但发往它的包能到达",
  "nobody was asked who has the addresses of the path": "没有询问过路径上的地址归谁所有",
  "nobody else answers for the addresses of {ends}": "没有别人应答 {ends} 的地址",
  "{second} has the address {ip} of {owner} too": "{second} 也配置了 {owner} 的地址 {ip}",
  "{ip} of {owner} has a second owner that netcheck does not know":
    "{owner} 的 {ip} 还有另一个 netcheck 不认识的持有者",
  "what is for {owner} goes to the wrong one from {nodes}": "从 {nodes} 发给 {owner} 的包送到了另一个持有者",
  "{lost} of {sent} to and from {owner} are lost or refused": "与 {owner} 往来的 {sent}中有 {lost} 个丢失或被拒",
  "Take {ip} off {second}, then let {owner} announce it (arping -A)":
    "从 {second} 上删除 {ip}，然后让 {owner} 重新通告该地址（arping -A）",
  "Find the second owner by its MAC address in the switches' tables, and take {ip} off it":
    "在交换机 MAC 表中按 MAC 地址找到另一个持有者，并从它上面删除 {ip}",
  "Find how it got the address: a copied machine, DHCP beside static addresses, a leak in the pod network's address management":
    "查明它如何得到该地址：克隆的机器、DHCP 与静态地址混用，或 pod 网络地址管理的泄漏",
  "asked who has {ip}, {foreign} answers, which is none of its owner's MAC addresses":
    "询问谁有 {ip} 时，{foreign} 应答了，而它不是持有者的任何一个 MAC 地址",
  "asked who has {ip}, several answer: {foreign}": "询问谁有 {ip} 时，有多个应答：{foreign}",
  // dns-crash-loop.ts
  "the state of no DNS pod is known": "没有任何 DNS pod 的状态可知",
  "the containers of {count} DNS pods run and did not restart": "{count} 个 DNS pod 的容器都在运行，没有重启",
  "{pods} restarted or do not run, but the names of {pod} are answered":
    "{pods} 重启过或没有运行，但 {pod} 的域名查询都得到应答",
  "{count} of {of} DNS pods crash: {states}": "{of} 个 DNS pod 中有 {count} 个崩溃：{states}",
  "{bad} of {sent} queries of {pod} failed": "{pod} 的 {sent} 次查询失败 {bad} 次",
  "Read the log of the last run of {pods}: a forwarding loop, a wrong Corefile, too little memory":
    "查看 {pods} 上一次运行的日志：转发环路、Corefile 写错、内存不足",
  "{pod}: {state}": "{pod}：{state}",

  // dns-down.ts
  "{pod} gets answers from {server}: {bad} of {sent} queries failed":
    "{pod} 能从 {server} 得到应答：{sent} 次查询失败 {bad} 次",
  "{pod} cannot resolve names: {bad} of {sent} queries to {server} failed ({endings})":
    "{pod} 无法解析域名：发往 {server} 的 {sent} 次查询失败 {bad} 次（{endings}）",
  "the DNS Service answers, the resolver {server} of the node does not":
    "DNS Service 有应答，节点本地的解析器 {server} 没有",
  "Look at the node-local DNS cache on {node}: is its pod running, does it listen on {server}":
    "检查 {node} 上的 node-local DNS 缓存：其 pod 是否在运行，是否监听 {server}",
  "{count} of {of} DNS pods answer when they are asked directly, the Service address {ip} does not":
    "直接查询时 {of} 个 DNS pod 中有 {count} 个应答，Service 地址 {ip} 不应答",
  "Look at the Service rules of {node} and at kube-proxy there": "检查 {node} 上的 Service 规则和 kube-proxy",
  "Look at the endpoints of {service} and at the Service rules of the nodes":
    "检查 {service} 的 endpoints 和各节点的 Service 规则",
  "other pods of {node} are answered, {pod} is not": "{node} 上其他 pod 能得到应答，{pod} 不能",
  "pods of other nodes are answered, those of {node} are not": "其他节点的 pod 能得到应答，{node} 的 pod 不能",
  "Look at what lies between {node} and the DNS pods: filters for port 53, routes, the tunnel":
    "检查 {node} 与 DNS pod 之间：53 端口的过滤规则、路由、隧道",
  "{service} has no pods": "{service} 没有 pod",
  "{count} of {of} DNS pods answer themselves but nobody else: something filters port 53":
    "{of} 个 DNS pod 中有 {count} 个只应答自己，不应答别人：53 端口被过滤",
  "no DNS pod answers, wherever it is asked from: the servers are to blame, not the way ({share} failed)":
    "无论从哪里查询，没有一个 DNS pod 应答：问题在服务器，不在路径（失败 {share}）",
  "Scale the Deployment behind {service} up": "扩容 {service} 后面的 Deployment",
  "Find what filters port 53 in front of the pods behind {service}: network policies, filters of the nodes":
    "查明 {service} 后面各 pod 前的 53 端口被什么过滤：网络策略、节点的过滤规则",
  "Read the logs of the pods behind {service}, and restart them": "查看 {service} 后面各 pod 的日志，并重启它们",
  "Allow UDP and TCP to port 53 of the DNS pods for {pod}: look at network policies and filters that select it":
    "为 {pod} 放行到 DNS pod 53 端口的 UDP 和 TCP：检查选中它的网络策略和过滤规则",

  // dns-overloaded.ts
  "{late} of them took more than {ms}, when programs have often asked again":
    "其中 {late} 次超过 {ms}，此时程序往往已经重新查询",
  "{nodes} were busy: slow answers cannot be told from that": "{nodes} 当时很忙：无法与应答缓慢区分开",
  "{server} answers nothing": "{server} 完全不应答",
  "{slow} of {sent} queries of {pod} to {server} took more than {ms}":
    "{pod} 发往 {server} 的 {sent} 次查询中有 {slow} 次超过 {ms}",
  "{slow} of {sent} queries of {pod} to {server} took more than {ms} ({share})":
    "{pod} 发往 {server} 的 {sent} 次查询中有 {slow} 次超过 {ms}（{share}）",
  "Give the pods behind {service} more CPU or more replicas, and look for who asks so much":
    "给 {service} 后面的 pod 更多 CPU 或更多副本，并查明是谁查询得这么多",
  "Use a node-local DNS cache, so that repeated names do not reach them":
    "使用 node-local DNS 缓存，重复的域名就不会到达它们",
  "echoes to {count} of {of} DNS pods are on time: the servers are slow, not the way":
    "ping {of} 个 DNS pod 中有 {count} 个不延迟：慢的是服务器，不是路径",

  // dns-policy-deny.ts
  "none of {policies} forbids {pod} to ask the DNS pods": "{policies}都没有禁止 {pod} 查询 DNS pod",
  "{policies} isolates {servers} for what comes in and has no rule that allows {pod} {protocols} to port {port}":
    "{policies} 限制了 {servers} 的入站流量，没有允许 {pod} 以 {protocols} 访问 {port} 端口",
  "{policies} isolates {pod} for what goes out and has no rule that allows {protocols} to port {port} of {servers}":
    "{policies} 限制了 {pod} 的出站流量，没有允许以 {protocols} 访问 {servers} 的 {port} 端口",
  "nobody else is answered either: the DNS pods may be dead as well": "其他 pod 也得不到应答：DNS pod 可能同时已失效",
  "Allow {protocols} to port {port} in a policy for {servers}, from {pod}":
    "在 {servers} 的策略中允许来自 {pod}、以 {protocols} 访问 {port} 端口的流量",
  "Allow {protocols} to port {port} of {servers} in a policy for {pod}: names are looked up before anything else":
    "在 {pod} 的策略中允许以 {protocols} 访问 {servers} 的 {port} 端口：一切访问之前都要先解析名称",

  // dns-path-loss.ts
  "{lost} of {sent} queries of {pod} to {server} got no answer":
    "{pod} 发往 {server} 的 {sent} 次查询中有 {lost} 次没有应答",
  "{lost} of {sent} queries of {pod} to {server} got no answer ({share}, {interval})":
    "{pod} 发往 {server} 的 {sent} 次查询中有 {lost} 次没有应答（{share}，{interval}）",
  "echoes to {count} of {of} DNS pods are not lost: it is about port 53, not about the path":
    "ping {of} 个 DNS pod 中有 {count} 个不丢包：问题在 53 端口，不在路径",
  "Look at {place}: packet filters and conntrack for port 53, UdpRcvbufErrors of the DNS pods, their CPU limits":
    "检查 {place}：53 端口的包过滤和 conntrack，DNS pod 的 UdpRcvbufErrors 和 CPU 限额",
  "Until then: options timeout:1 attempts:3 and a node-local DNS cache make applications wait less":
    "在此之前：设置 options timeout:1 attempts:3 并使用 node-local DNS 缓存，可以减少应用的等待",

  // dns-place.ts
  "another pod of {node} asked the same and had no trouble": "{node} 上的另一个 pod 查询同样的内容没有问题",
  "only {server} is concerned: the other DNS pods serve {pod} well":
    "只有 {server} 有问题：其他 DNS pod 对 {pod} 的应答正常",
  "only {server} is concerned, and pods of other nodes have no trouble with it":
    "只有 {server} 有问题，而且其他节点的 pod 查询它没有问题",
  "pods of other nodes asked the same and had no trouble": "其他节点的 pod 查询同样的内容没有问题",
  "all of the {count} DNS pods that were asked are concerned": "被查询的 {count} 个 DNS pod 全都有问题",
  "the DNS pods do well when they are asked directly; {server} on {node} does not":
    "直接查询时 DNS pod 正常；{node} 上的 {server} 不正常",
  "the DNS pods do well when they are asked directly; the Service address {ip} does not":
    "直接查询时 DNS pod 正常；Service 地址 {ip} 不正常",

  // dns-stale-answer.ts
  "{wrong} of {sent} answers of {server} to {pod} were wrong":
    "{server} 给 {pod} 的 {sent} 次应答中有 {wrong} 次是错的",
  "{wrong} of {sent} answers of {server} to {pod} were wrong ({share})":
    "{server} 给 {pod} 的 {sent} 次应答中有 {wrong} 次是错的（{share}）",
  "{server}: {wrong} of {sent} answers wrong": "{server}：{sent} 次应答中 {wrong} 次错误",
  "Restart the pods behind {service}, and read their log: can they reach the Kubernetes API":
    "重启 {service} 后面的 pod，并查看其日志：能否访问 Kubernetes API",
  "{name} is at {expect}, but {count} answers say that there is no such name":
    "{name} 的地址是 {expect}，但有 {count} 次应答说没有这个域名",
  "{name} is at {expect}, but answers say {others}": "{name} 的地址是 {expect}，但应答给出 {others}",

  // dns-tcp-blocked.ts
  "answers of {server} are slow": "{server} 的应答很慢",
  "DNS over TCP was tried too little": "TCP 上的 DNS 测得太少",
  "{bad} of {sent} queries of {pod} over TCP failed at {server}":
    "{pod} 通过 TCP 发往 {server} 的 {sent} 次查询失败 {bad} 次",
  "{bad} of {sent} queries of {pod} over TCP to {server} failed ({endings}), over UDP they are answered":
    "{pod} 通过 TCP 发往 {server} 的 {sent} 次查询失败 {bad} 次（{endings}），通过 UDP 则有应答",
  "Allow TCP to port 53 wherever UDP to port 53 is allowed: network policies, firewalls, the Service's ports":
    "凡是放行 UDP 53 端口的地方也放行 TCP 53 端口：网络策略、防火墙、Service 的端口",

  // dns-text.ts
  "too few names were asked for": "查询的域名太少",
  "names of the cluster fail as well at {server}": "{server} 上集群内的域名也解析失败",
  "{server}: {bad} of {sent} queries without a usable answer ({share})":
    "{server}：{sent} 次查询中有 {bad} 次没有可用的应答（{share}）",
  "{server}: {bad} of {sent} queries without a usable answer ({share}); answers p50 {p50}, p99 {p99}":
    "{server}：{sent} 次查询中有 {bad} 次没有可用的应答（{share}）；应答时间 p50 {p50}，p99 {p99}",
  "{pod} on {node} gets no names from the Service address either: {bad} of {sent} failed":
    "{node} 上的 {pod} 同样无法从 Service 地址解析域名：{sent} 次失败 {bad} 次",
  "from {pod} on {node} {bad} of {sent} queries to the Service address failed":
    "从 {node} 上的 {pod} 发往 Service 地址的 {sent} 次查询失败 {bad} 次",

  // dns-upstream-failing.ts
  "too few names of outside were asked for": "对集群外域名的查询太少",
  "{bad} of {sent} queries for names of outside failed at {server}":
    "{server} 上集群外域名的 {sent} 次查询失败 {bad} 次",
  "the servers behind the DNS pods could not be asked": "无法查询 DNS pod 的上游服务器",
  "names of outside fail: {bad} of {sent} root queries of {pod} to {server} ({endings}); those of the cluster are answered":
    "集群外的域名解析失败：{pod} 发往 {server} 的 {sent} 次根域查询失败 {bad} 次（{endings}）；集群内的域名有应答",
  "asked from the DNS pods themselves, {servers} do not answer": "从 DNS pod 自身查询，{servers} 没有应答",
  "{address} answers {server}": "{address} 应答 {server}",
  "Restore {servers}, or let the DNS pods forward to servers that answer (forward in the Corefile, resolv.conf of the nodes)":
    "恢复 {servers}，或让 DNS pod 转发到有应答的服务器（Corefile 的 forward、节点的 resolv.conf）",

  // dns-wrong-resolver.ts
  "the pod's resolv.conf could not be read": "读不到该 pod 的 resolv.conf",
  "{pod} asks {server}, as it should": "{pod} 查询的是 {server}，符合预期",
  "{server} was asked too little": "对 {server} 的查询太少",
  "{pod} asks {server}, which is not the cluster's but knows its names":
    "{pod} 查询的 {server} 不是集群的 DNS，但认识集群内的域名",
  "{pod} asks {server} because its dnsPolicy or dnsConfig says so": "{pod} 按其 dnsPolicy 或 dnsConfig 查询 {server}",
  "/etc/resolv.conf of {pod} names {servers}, but the cluster's DNS is {service} at {ip}":
    "{pod} 的 /etc/resolv.conf 写的是 {servers}，而集群的 DNS 是 {service}，地址 {ip}",
  "{server} gave no right answer to {bad} of {sent} queries for names of the cluster":
    "{server} 对集群内域名的 {sent} 次查询有 {bad} 次没有给出正确应答",
  "its dnsPolicy is {policy}": "其 dnsPolicy 为 {policy}",
  "Set the kubelet's clusterDNS on {node} to {ip}, or remove what overwrites the file, and recreate {pod}":
    "把 {node} 上 kubelet 的 clusterDNS 设为 {ip}，或去掉改写该文件的东西，然后重建 {pod}",

  // forwarding-disabled.ts
  "the forwarding switches of no node of the path were read": "路径上没有一个节点的转发开关被读到",
  "{nodes} forward packets, or nothing of their pods is cut off": "{nodes} 正常转发，或其 pod 没有中断",
  "on {node} forwarding is switched off: {switches}": "{node} 上的转发已关闭：{switches}",
  "it was switched off while the check ran": "它是在检查期间被关闭的",
  "cut off between its pods and what lies beyond the node: {legs}": "该节点的 pod 与节点以外之间已中断：{legs}",
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
    "经过 {node} 的 pod 流量中断：与 {peers} 之间 {legs}，丢了 {lost}",
  "what leaves {node} is lost ({bad} of {of} to {peer}), what comes to it arrives":
    "从 {node} 出去的会丢（发往 {peer} 的 {of}中丢 {bad} 个），进来的都能到达",
  "the nodes themselves reach each other: {lost} of {sent} lost": "节点之间本身是通的：{sent}，丢 {lost} 次",
  "pods of {peer} get through to it all the same": "{peer} 的 pod 与它之间仍然畅通",
  "Turn DHCP off for {device} on {node}, so that only {registered} is left":
    "在 {node} 上关闭 {device} 的 DHCP，只保留 {registered}",
  "Remove {source} from {device} on {node}, or bind the pod network to {registered}":
    "从 {node} 的 {device} 上删除 {source}，或把 pod 网络绑定到 {registered}",
  "Restart the pod network's agent on {node}: it chooses the source address when it starts":
    "重启 {node} 上的 pod 网络代理：它在启动时选择源地址",
  "{address} (dynamic, from DHCP)": "{address}（动态，来自 DHCP）",
  "{address} (static)": "{address}（静态）",
  "{device} of {node} has {count} addresses: {addresses}": "{node} 的 {device} 有 {count} 个地址：{addresses}",

  // oom-stall.ts
  "the kernel log of no node of the path could be read": "路径上没有一个节点的内核日志可读",
  "no process was OOM-killed on {nodes} during the check": "检查期间 {nodes} 上没有进程被 OOM 杀掉",
  "{kills} on {nodes}, but not when packets were late or lost": "{nodes} 上有 {kills}，但与包延迟或丢失的时刻不符",
  "{kills} on {node} during the check: {victims}": "检查期间 {node} 上有 {kills}：{victims}",
  "{hits} of {all} in which packets of {node} were late or lost began within {lag} of a kill; by chance that happens in {chance} of cases":
    "{node} 的包延迟或丢失共 {all}，其中 {hits} 段在某次 OOM 的 {lag} 之内开始；纯属巧合的概率为 {chance}",
  "each time the node moved no packets for about {length}": "每次该节点约有 {length} 不转发任何包",
  "Give {process} on {node} more memory or less to do, so that it is not killed":
    "给 {node} 上的 {process} 更多内存或更少的任务，使它不再被杀掉",
  "Raise the memory limit of {pod}, or find out why {process} needs more than it may":
    "调高 {pod} 的内存限额，或查明 {process} 为何超出限额",
  "Until then keep it on a node of its own, away from what must not stall":
    "在此之前把它放到单独的节点上，远离不能停顿的业务",
  "the node was out of memory": "节点内存耗尽",
  "over its memory limit": "超出内存限额",
  "{process} {times} ({limit})": "{process} {times}（{limit}）",
  "{process} of {pod} {times} ({limit})": "{pod} 的 {process} {times}（{limit}）",
  "{process} of {pod}, container {container}, {times} ({limit})":
    "{pod} 容器 {container} 的 {process} {times}（{limit}）",

  // port-exhaustion.ts
  "no connect of the path was made": "路径上没有发起过连接",
  "every connect got a local port; at most {share} of them are taken for {to}":
    "每次连接都拿到了本地端口；发往 {to} 的最多占用 {share}",
  "every connect got a local port": "每次连接都拿到了本地端口",
  "{failed} of {connects} from {from} to {to} got no local port (Cannot assign requested address)":
    "从 {from} 到 {to} 的 {connects}中有 {failed} 次拿不到本地端口（Cannot assign requested address）",
  "{from} has {total} of {ports} local ports taken for {to}: {waiting} in TIME_WAIT, {open} open":
    "{from} 发往 {to} 的本地端口已用 {total} 个，共 {ports} 个：TIME_WAIT {waiting} 个，打开 {open} 个",
  "other destinations still get one from there: {which}": "从那里到其他目标仍能拿到端口：{which}",
  "when the sockets were read only {share} of the ports were taken": "读取套接字时端口只占用了 {share}",
  "Let the client on {from} keep and reuse its connections to {to} (a pool, HTTP keep-alive) instead of opening one per request":
    "让 {from} 上的客户端保持并复用到 {to} 的连接（连接池、HTTP keep-alive），而不是每个请求新建一个",
  "Widen net.ipv4.ip_local_port_range there, or set net.ipv4.tcp_tw_reuse=1, until that is done":
    "在此之前调大那里的 net.ipv4.ip_local_port_range，或设置 net.ipv4.tcp_tw_reuse=1",

  // tunnel-entry-wrong.ts
  "{bad} of {of} of pods from {node} to {peer} are lost, what comes back arrives":
    "从 {node} 到 {peer} 的 pod 流量：{of}中丢了 {bad} 个，反方向能到达",
  "pods of {node} and {peer} do not reach each other: {legs} cut off": "{node} 与 {peer} 的 pod 互不相通：{legs}中断",
  "{tunnel} on {node} dropped {packets} it had no far end for": "{node} 上的 {tunnel} 因找不到对端丢弃了 {packets}",
  "Restart the pod network's agent on {node}: it writes these entries anew":
    "重启 {node} 上的 pod 网络代理：它会重写这些表项",
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
  // bond-degraded.ts
  "the path crosses no bond": "该路径不经过 bond",
  "bonds of the path: {bonds}": "路径上的 bond：{bonds}",
  "{bond} of {node}: {what}": "{node} 的 {bond}：{what}",
  "{bond} of {node}, seen at {time}: {what}": "{node} 的 {bond}（于 {time} 观察到）：{what}",
  "nothing on the path suffered from it during the check": "检查期间路径未因此受影响",
  "whether the node's address lies on {bond} cannot be seen": "无法看出节点地址是否位于 {bond} 上",
  "Bring {slaves} of {bond} back: cable, transceiver and switch port of {node}":
    "恢复 {bond} 的 {slaves}：检查 {node} 的线缆、光模块和交换机端口",
  "Check that the switch ports of {node} are one LACP group in active mode":
    "确认 {node} 所连的交换机端口属于同一个 LACP 组且为 active 模式",
  "Find out why the active slave of {bond} changed: link log of {node} and of its switch ports":
    "查明 {bond} 的活动从网卡为何切换：查看 {node} 及其交换机端口的链路日志",
  "{slave} went down": "{slave} 断开",
  "{slave} came back": "{slave} 恢复",
  "{slave} failed {count} more times": "{slave} 又发生 {count} 次故障",
  "the active slave changed from {before} to {after}": "活动从网卡由 {before} 切换为 {after}",
  "it is down as a whole": "整个 bond 处于断开状态",
  "{slaves} down, {left} of {all} slaves left": "{slaves} 断开，{all} 个从网卡仅剩 {left} 个",
  "no switch answers LACP (partner {address})": "没有交换机应答 LACP（partner 为 {address}）",
  "{slaves} in another LACP group than the active one: unused": "{slaves} 不在当前使用的 LACP 聚合组中：未被使用",
  "LACP of {slaves} does not settle (churned)": "{slaves} 的 LACP 无法稳定（churned）",

  // bond-facts.ts
  down: "断开",
  up: "正常",
  "state unknown": "状态未知",
  "{name} {state}": "{name} {state}",
  "{name} {state} (link failures: {count} in all, {gained} during the check)":
    "{name} {state}（链路故障累计 {count} 次，检查期间 {gained} 次）",
  "{bond} of {node} is a bond in mode {mode}: {slaves}": "{node} 的 {bond} 是 {mode} 模式的 bond：{slaves}",
  "{bond} of {node} is a bond in mode {mode}, active slave {active}: {slaves}":
    "{node} 的 {bond} 是 {mode} 模式的 bond，当前活动从网卡为 {active}：{slaves}",
  "not measured": "未测量",
  "received {received}, sent {sent}": "接收 {received}，发送 {sent}",
  "received {received} (alarm below {alarm}), sent {sent}": "接收 {received}（低于 {alarm} 告警），发送 {sent}",

  // nic-ring-overflow.ts
  "{count} frame": "{count} 个帧",
  "{count} frames": "{count} 个帧",
  "{device} of {node} had no room for {frames} in seconds in which the path lost packets ({names})":
    "在路径丢包的时刻，{node} 的 {device} 没有缓冲容纳 {frames}（{names}）",
  "its receive ring holds {rx} of at most {most} frames": "其接收环当前为 {rx}，最大可设为 {most}",
  "Enlarge the receive ring: ethtool -G {device} rx {most} on {node}":
    "增大接收环：在 {node} 上执行 ethtool -G {device} rx {most}",
  "Find out what keeps the CPUs of {node} from fetching frames: interrupts on one CPU, throttling, a busy kernel":
    "查明 {node} 的 CPU 为何来不及取帧：中断集中在单个 CPU、被限流，或内核繁忙",
  "no NIC of the path ran out of room while the path lost packets": "路径丢包时没有网卡缓冲不足",

  // nic-surroundings.ts
  "the optics of {device} read normal: {power}": "{device} 的光功率正常：{power}",
  "the optics of {device} read too little light: {power}": "{device} 的光功率过低：{power}",
  "{bond} sends every {n}th packet over the same slave ({mode}): one of its {n} slaves may be the bad one":
    "{bond}（{mode}）每隔 {n} 个包轮到同一从网卡：其 {n} 个从网卡中可能有一个有问题",
  "Bring up a second slave of {bond}: {active} is the only one that is up":
    "恢复 {bond} 的第二个从网卡：目前只有 {active} 正常",
  "Fail {bond} of {node} over from {active} to {other} and measure again; when it is gone, have {active} replaced with its transceiver, cable and switch port":
    "将 {node} 的 {bond} 从 {active} 切换到 {other} 后重新测量；若问题消失，请更换 {active} 及其光模块、线缆和交换机端口",
  // high-latency.ts
  "too few echoes between the ends were answered": "两端之间得到应答的 ping 太少",
  "half of the round trips between the ends take {p50} or less": "两端之间一半的往返时间不超过 {p50}",
  "{leg}: median {p50}, 99th percentile {p99}; up to {most} would be usual for the distance":
    "{leg}：中位数 {p50}，99 分位 {p99}；以这样的距离通常不超过 {most}",
  "no leg tells a place: all ways between {nodes} may be that long":
    "没有哪条测量线路能指出位置：{nodes} 之间的路径可能都这么长",
  "Compare with what the distance explains: about 1 ms per 100 km, then look for queues and detours on the way":
    "与距离能解释的时延比较：约每 100 公里 1 ms；再查找途中的排队和绕路",

  // reverse-path-filter.ts
  "the counters of no node of the path were read": "路径上没有一个节点的计数器被读到",
  "no packets of the check were dropped for their reverse path on {nodes}": "{nodes} 没有因反向路径丢弃检查的包",
  "{node} dropped {drops} in the bad seconds because of their reverse path ({counter})":
    "{node} 在异常的时段因反向路径丢弃了 {drops}（{counter}）",
  "what {peer} sends arrives at {in}, but the route back to {ip} leads out of {out}":
    "{peer} 发来的包从 {in} 进入，而返回 {ip} 的路由从 {out} 出去",
  "the strict filter (rp_filter = 1) is on for {devices}": "{devices} 启用了严格过滤（rp_filter = 1）",
  "between {node} and {peers} {lost} are lost on {legs}": "{node} 与 {peers} 之间 {legs}上丢了 {lost}",
  "its routes do not show which way back is meant: look at the policy rules (ip rule)":
    "它的路由表看不出返回走哪条路：请检查策略路由（ip rule）",
  "Send answers the way the packets came: correct the route on {node}": "让应答按来路返回：修正 {node} 上的路由",
  "Or set rp_filter to 2 (loose) for that device on {node}: net.ipv4.conf.all and the device, the larger counts":
    "或在 {node} 上把该网卡的 rp_filter 设为 2（宽松）：net.ipv4.conf.all 与网卡的值取较大者",

  // tunnel-blocked.ts
  "the pod network uses no tunnel": "pod 网络不使用隧道",
  "pods are cut off across nodes, but not by the tunnel alone": "跨节点的 pod 流量中断，但不只是隧道的问题",
  "tunnel packets get through between the nodes of the path": "路径节点之间的隧道包能够通过",
  "pod packets in the tunnel are all lost between {pairs}: {shares}": "{pairs} 之间隧道里的 pod 包全部丢失：{shares}",
  "echoes between the same nodes, without the tunnel: {lost} of {sent} lost":
    "同样的节点之间不经隧道：{sent}，丢 {lost} 次",
  "lost on the way from {from} to {to} ({bad} of {of}), not on the way back":
    "丢在从 {from} 到 {to} 的方向（{of}中丢 {bad} 个），反方向不丢",
  "{tunnel} sends them as {what}": "{tunnel} 以{what}发送它们",
  "{leg} crosses it and passes": "{leg} 也经过这里，却是通的",
  "Allow {what} between all nodes: security groups, network firewalls, host firewalls, port security of switches":
    "在所有节点之间放行{what}：安全组、网络防火墙、主机防火墙、交换机端口安全",
  "{kind} packets (an IP protocol of its own)": "{kind} 包（独立的 IP 协议）",
  "UDP to port {port} ({kind})": "发往 UDP 端口 {port} 的包（{kind}）",

  // path-member-loss.ts
  "no target answered enough source ports": "没有目标对足够多的源端口应答",
  "{count} source ports to {to} fared alike: {lost} of {tries} lost":
    "到 {to} 的 {count} 个源端口表现一致：{tries}中丢 {lost} 个",
  "of {count} source ports from {from} to {to}, {bad} lose and {clean} do not: {lost} of {tries} ({share}) against {few} of {all}":
    "从 {from} 到 {to} 的 {count} 个源端口中，{bad} 个丢包、{clean} 个不丢：前者 {tries} 个包丢 {lost} 个（{share}），后者 {all}丢 {few} 个",
  "source ports that lose: {ports}": "丢包的源端口：{ports}",
  "what other nodes send through {node} is lost as well in part, what goes beside it is not":
    "其他节点经 {node} 的流量也有一部分丢失，不经它的则没有",
  "Look at the members of link aggregations and equal-cost routes on the way: errors of a single port, a member that forwards nothing":
    "检查途中链路聚合和等价路由的成员：某个端口的错误、不转发的成员",
  "Take the bad member out of the group: the others carry its flows": "把坏成员移出该组：其余成员会承担它的流量",

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

  // kernel-lockup.ts
  "the kernels of {nodes} report no stuck CPU while packets were late or lost":
    "在包延迟或丢失期间，{nodes} 的内核没有报告 CPU 卡死",
  "the kernel of {node} reported a stuck CPU {times} while packets were late or lost: {line}":
    "在包延迟或丢失期间，{node} 的内核 {times}报告 CPU 卡死：{line}",
  "Look at what the stack below that line shows on {node}: a driver, a file system, or a host that took the CPU away":
    "查看 {node} 上该行之后的调用栈：驱动、文件系统，或宿主机收走了 CPU",
  // link-crc-errors.ts
  "{count} damaged frame": "{count} 个损坏的帧",
  "{count} damaged frames": "{count} 个损坏的帧",
  "NICs of the path counted {frames}, none in seconds in which the path lost packets":
    "路径上的网卡记录了 {frames}，但都不在路径丢包的时刻",
  "{device} of {node} received {frames} during the check, {share} of what arrived ({names})":
    "检查期间 {node} 的 {device} 收到 {frames}，占收到总数的 {share}（{names}）",
  "{inside} of them in seconds in which the path lost packets": "其中 {inside} 个出现在路径丢包的时刻",
  "{outside} came while the path was fine": "有 {outside} 个出现在路径正常时",
  "Replace the cable or fibre of {node} ({device}), then the transceivers, then try another switch port":
    "更换 {node}（{device}）的线缆或光纤，再更换光模块，然后换一个交换机端口",

  // link-flapping.ts
  "no link of {nodes} changed its carrier": "{nodes} 的链路载波没有变化",
  "the link of {node} ({device}) went down {times} during the check ({changes} carrier changes)":
    "检查期间 {node} 的链路（{device}）断开 {times}（载波变化 {changes} 次）",
  "seen in the readings at {times}": "在以下时刻的读数中观察到：{times}",
  "the link of {node} ({device}) has no carrier": "{node} 的链路（{device}）没有载波",
  "no packet of the path went wrong in those seconds": "在这些时刻路径上没有包出现异常",
  "Check cable, transceiver and switch port of {node} ({device}), and the log of the switch for the same times":
    "检查 {node}（{device}）的线缆、光模块和交换机端口，并查看交换机在相同时刻的日志",
  "Move pods away from {node} until its link holds": "在链路稳定之前，把 Pod 迁离 {node}",

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
  "up to {count} packets wait in its queue": "其队列最多容纳 {count} 个包",
  "auto-negotiation is off: the mode was set by hand": "自动协商已关闭：速率与双工为手工设置",
  "Set auto-negotiation on both sides of the cable of {node} ({device}), on the switch port too; a mode set by hand on one side gives half duplex on the other":
    "在 {node}（{device}）网线两端（包括交换机端口）都启用自动协商；一端手工固定模式会使另一端退回半双工",
  "Replace the cable and try another switch port when it negotiates the same again: one broken pair of wires is enough":
    "若重新协商结果不变，请更换网线并换一个交换机端口：一对线芯损坏就足以造成降速",
  "Move pods that need bandwidth away from {node} until then": "在修复之前，把需要带宽的 Pod 迁离 {node}",

  // hidden-limit.ts
  "{place} carried {rate} of its {speed}: the link is full": "{place} 的流量达 {rate}（链路速率 {speed}）：链路已满",
  "packets that cross {place} at the same moment do not wait equally long: no queue makes them late":
    "同一时刻经过 {place} 的包等待时间并不相同：延迟不是由排队造成的",
  "packets through {place} wait {range} in a queue while it carries traffic":
    "{place} 有流量时，经过它的包要排队等待 {range}",
  "at most {rate} came in while packets were late (intervals: {count})":
    "出现延迟包期间，流入速率最高为 {rate}（{count} 个区间）",
  "at most {rate} went out while packets were late (intervals: {count})":
    "出现延迟包期间，流出速率最高为 {rate}（{count} 个区间）",
  "the throughput stays flat at that ceiling": "吞吐量一直停在这一上限",
  "the link itself runs at {speed}": "链路本身的速率为 {speed}",
  "packets of different legs that cross it at the same moment wait equally long: they stand in one queue":
    "同一时刻经过它的不同路段的包等待时间相同：它们排在同一个队列中",
  "the wait at that rate makes a queue of {size} kB": "按该速率和等待时间推算，队列长度为 {size} kB",
  "at {rate} or less nothing was late": "速率不超过 {rate} 时没有包延迟",
  "a sender has {size} kB ready that do not get through": "发送方有 {size} kB 数据待发，却发不出去",
  "programs sent {count} segments again meanwhile": "在此期间程序重传了 {count} 个报文段",
  "the throughput is not flat: others may share what is full": "吞吐量并不平稳：可能有其他流量共用已满的链路",
  "Look for a limit of about {rate} in front of {place}: policing or shaping at the switch port, the hypervisor, the bandwidth of the cloud instance":
    "查找 {place} 前面约 {rate} 的限速：交换机端口的限速或整形、虚拟化平台、云主机的带宽规格",
  "Send less through {place}, or move what fills it to another node":
    "减少经过 {place} 的流量，或把占满它的负载迁到其他节点",
  "queues of the nodes were not read": "未能读取节点的队列",

  // link-rate-limited.ts
  "no device of the path has a shaper": "路径上没有设备配置流量整形",
  "shapers of the path ({queues}) held nothing back while packets were late":
    "路径上的流量整形（{queues}）在包延迟期间没有拦住任何包",
  "the shaper of {place} ({kind}) held packets back {times} while packets of the path were late":
    "{place} 的流量整形（{kind}）在路径延迟期间限住了包 {times}",
  "the shaper of {place} ({kind}, {rate}) held packets back {times} while packets of the path were late":
    "{place} 的流量整形（{kind}，{rate}）在路径延迟期间限住了包 {times}",
  "{legs} that pass it had late or lost packets": "经过它的 {legs} 出现延迟或丢包",
  "the device carried up to {share} of that rate": "该设备的流量最高达到该限速的 {share}",
  "up to {count} packets waited in it": "其中最多有 {count} 个包排队",
  "it held back as many while the path was fine": "路径正常时它同样限住了这么多包",
  "Raise or remove the limit of {place}, or send less through it": "提高或取消 {place} 的限速，或减少经过它的流量",

  // link-slow.ts
  "the NICs of the path report no speed, as virtual NICs do": "路径上的网卡不报告速率（虚拟网卡即如此）",
  "the link of {node} ({device}) runs at {link}, others at {usual}; nothing on the path suffers from it":
    "{node} 的链路（{device}）运行在 {link}，其他节点为 {usual}；路径未因此受影响",
  "up to {share} of it was in use": "其带宽最高占用 {share}",
  "the NIC cannot do more: it may be slower on purpose": "该网卡本身最高就是这个速率：可能是有意为之",
  "with the load during the check nothing on the path suffered from it": "在检查期间的负载下，路径未因此受影响",
  // probes/pod-state.ts
  "{name} is {state}": "{name} 处于 {state}",
  "{name} is {state} ({reason})": "{name} 处于 {state}（{reason}）",

  // rules/firewall-drop.ts
  "no packet filter of the path could be read": "路径上的包过滤规则都无法读取",
  "no rule outside the cluster's own chains took packets of the check on {places}":
    "在 {places} 上，集群自身的链之外没有规则处理过本次检查的包",
  "{legs} that meets it lost or was refused {lost}: {list}": "经过该规则的 {legs}丢失或被拒绝 {lost}：{list}",
  "{legs} that meet it lost or were refused {lost}: {list}": "经过该规则的 {legs}丢失或被拒绝 {lost}：{list}",
  "{leg} seems to meet it too and passes": "{leg} 看来也经过该规则，却能通过",
  "Remove or narrow the rule on {place}, and find out what put it there (host firewall, configuration management, a person)":
    "删除或收窄 {place} 上的这条规则，并查明由谁添加（主机防火墙、配置管理、人工）",
  "{text} ({share} of what matches)": "{text}（匹配包中的 {share}）",
  "{place}, table {table}, chain {chain}: {what} it does not count packets":
    "{place}，表 {table}，链 {chain}：{what} 没有包计数",
  "{place}, table {table}, chain {chain}: {what} took {packets} during the check":
    "{place}，表 {table}，链 {chain}：{what} 在检查期间命中 {packets}",

  // rules/link-delay.ts
  "no echo of the path was answered": "路径上的 ping 没有应答",
  "round trips of the path are as fast as those of the controls ({normal})":
    "路径的往返时间与对照线路一样快（{normal}）",
  "round trips {where} take {range} more than the normal {normal}: {shares}":
    "{where}往返时间比正常的 {normal} 多 {range}：{shares}",
  "even the fastest packets have it: it is added to all of them": "最快的包也有这段延迟：所有包都增加了",
  "the delay varies, as behind a queue that others fill or on a busy machine; neither was seen":
    "延迟时大时小，像是排在被他人占满的队列之后或处在繁忙的机器上；两者都没有直接观察到",
  "the late packets come in bursts, as from a queue that fills up": "延迟的包成批出现，像是队列被填满",
  "Look for what lies on the way {where}: a saturated or rerouted link, a shaper, a tunnel over a longer path":
    "排查{where}沿途：链路拥塞或改道、限速整形、绕远的隧道",
  "every round trip between {from} and {to} takes {fastest} or more, pods and nodes alike":
    "{from} 与 {to} 之间每次往返都不少于 {fastest}，pod 与节点都一样",
  "there is no third node to compare with: if the two are that far apart, this is distance":
    "没有第三个节点可以比较：如果两者相距很远，这只是距离造成的",
  "Compare with what the distance between the two machines explains: about 1 ms per 100 km":
    "与两台机器的距离对照：每 100 km 约 1 ms",

  // rules/nic-periodic-delay.ts
  "no echo was answered": "ping 没有应答",
  "{bad} of {of} along the path were late": "路径上 {of} 有 {bad} 次延迟",
  "{share} of packets": "{share} 的包",
  "1 in {n} packets": "每 {n} 个包中有 1 个",
  "about 1 in {least} to {most} packets": "大约每 {least} 到 {most} 个包中的 1 个",
  "about 1 in {n} packets": "约每 {n} 个包中有 1 个",
  "{share}, {bad} of {of}": "{share}，{of} 个中 {bad} 个",
  "{which} ({counts}) {through} is {range} late; normal is {normal} for a round trip":
    "{through}，{which}（{counts}）延迟 {range}；正常往返时间为 {normal}",
  "{which} ({counts}) {through} are {range} late; normal is {normal} for a round trip":
    "{through}，{which}（{counts}）延迟 {range}；正常往返时间为 {normal}",
  "through {name} ({device})": "经过 {name}（{device}）的流量",
  "through {name} ({device}, outgoing)": "经过 {name}（{device}，发出方向）的流量",
  "through {name} ({device}, incoming)": "经过 {name}（{device}，接收方向）的流量",
  "every pair through {node} is affected, with {peers} at the other end; pods and nodes alike":
    "经过 {node} 的每一对都受影响，对端为 {peers}；pod 和节点都一样",
  "If the uplink of {at} is a bond, fail over to the other slave and measure again":
    "如果 {at} 的上行链路是 bond，请切换到另一个成员网卡后再次测量",
  "If {device} of {at} is a bond, fail over to the other slave and measure again":
    "如果 {at} 的 {device} 是 bond，请切换到另一个成员网卡后再次测量",
  "Have the NIC, transceiver, cable and switch port of {at} checked or replaced; pods and CNI are not the cause":
    "检查或更换 {at} 的网卡、光模块、线缆和交换机端口；原因不在 pod 和 CNI",
  "Move latency-sensitive pods away from {node} until then": "在此之前把对延迟敏感的 pod 迁离 {node}",
  "the pattern was not worked out": "没有得出分布规律",
  "they are spread more evenly than chance allows ({interval}): a counter or a queue, not load":
    "它们的分布比随机更均匀（{interval}）：是计数器或队列所致，而不是负载",
  "the share is steady ({interval}); whether it is exactly every n-th cannot be seen, because other traffic shares the NIC":
    "比例稳定（{interval}）；其他流量共用这块网卡，因此看不出是否恰好每 n 个一次",
  "the share is {interval}; too few packets to see how they are spread": "比例为 {interval}；包太少，看不出分布",

  // rules/node-down.ts
  "the state of the nodes was not read": "没有读到节点状态",
  "{nodes} answered during the check": "{nodes} 在检查期间有应答",
  "{node}: {text}": "{node}：{text}",
  "nothing reaches {node} or its pods: {dead} of {towards} towards it are dead ({legs})":
    "无法到达 {node} 及其 pod：通往它的 {towards}中有 {dead} 条不通（{legs}）",
  "no leg towards it could be measured": "没有一条通往它的线路能够测量",
  "Look at the console or the machine's power and hypervisor state of {node}":
    "查看 {node} 的控制台，或机器的电源和虚拟化平台状态",
  "Move the pods away with kubectl drain {node} when it does not come back":
    "如果它没有恢复，用 kubectl drain {node} 迁走 pod",
  "it is no longer listed by the cluster": "集群中已经没有它",
  "condition Ready is {ready}": "Ready 状态为 {ready}",
  "condition Ready is {ready} ({reason})": "Ready 状态为 {ready}（{reason}）",
  "its lease was last renewed {age} ago (normal: 10 s)": "租约上次续期在 {age} 前（正常为 10 s）",
  "it was started anew while the check ran (boot id changed)": "它在检查期间重新启动过（boot id 改变）",
  "nothing was heard from the agent on {node}": "没有收到 {node} 上 agent 的任何消息",
  "the agent on {node} fell silent {time} before the others ended": "{node} 上的 agent 比其他节点早 {time} 失去消息",

  // trace-text.ts
  "hop {ttl}": "第 {ttl} 跳",
  "hop {ttl} ({ip})": "第 {ttl} 跳（{ip}）",
  "the trace from {from} to {to} gets no answer from any router: {lost} of {sent}":
    "从 {from} 到 {to} 的逐跳探测没有收到任何路由器的应答：{sent} 次中 {lost} 次无应答",
  "the trace from {from} to {to} ends after {hop}: beyond it {lost} of {sent} get no answer":
    "从 {from} 到 {to} 的逐跳探测止于{hop}：再往后 {sent} 次中 {lost} 次无应答",
  "the trace from {from} to {to} loses from its first router on: {some} of {of} at {hop}, {lost} of {sent} at the target":
    "从 {from} 到 {to} 的逐跳探测从第一个路由器起就丢包：{hop} {of} 次中丢 {some} 次，目标 {sent} 次中丢 {lost} 次",
  "the trace from {from} to {to} loses from {hop} on: {some} of {of} there, {lost} of {sent} at the target, but {few} of {all} at {near} before it":
    "从 {from} 到 {to} 的逐跳探测从{hop}起持续丢包：该跳 {of} 次中丢 {some} 次，目标 {sent} 次中丢 {lost} 次，而前一跳{near} {all} 次中只丢 {few} 次",
  "{hop} answers only {answered} of {of}, but the target behind it answers {there} of {sent}: that router limits its ICMP answers, it loses nothing":
    "{hop} {of} 次中只应答 {answered} 次，但其后的目标 {sent} 次中应答 {there} 次：该路由器只是限制 ICMP 应答速率，并未丢包",
  "the trace from {from} to {to} comes to the same routers again and again: {way}":
    "从 {from} 到 {to} 的逐跳探测反复经过相同的路由器：{way}",

  // rules/path-loss.ts
  "{counts}; {more}": "{counts}；{more}",
  "no echo was sent along the path": "路径上没有发出 ping",
  "{lost} of {sent} along the path were lost": "路径上 {sent} 丢失 {lost} 次",
  "{lost} to a Service were lost, as happens for a moment when endpoints of it go away: that tells no path":
    "发往 Service 的 {lost}丢失，这在它的端点消失时会短暂出现：不能说明路径有问题",
  "{lost} of {sent} along the path were lost, which does not tell a place":
    "路径上 {sent} 丢失 {lost} 次，不足以确定位置",
  "ICMP errors came back from {boxes}": "收到来自 {boxes} 的 ICMP 错误",
  "packets {where} are all lost: {shares}": "{where}全部丢失：{shares}",
  "packets {where} are lost: {shares}": "{where}丢包：{shares}",
  "packets {where} are lost: {shares} one way; {bad} of {of}": "{where}丢包：单向 {shares}；{of}丢失 {bad} 次",
  "{count} round trip": "往返 {count} 次",
  "{count} round trips": "往返 {count} 次",
  "node-to-node packets on the same way pass: the pod network's tunnel or routing is concerned, not the wire":
    "同一路径上节点之间的包正常：问题在 pod 网络的隧道或路由，不在物理链路",
  "pods and nodes suffer alike: it is below the pod network": "pod 和节点同样受影响：问题在 pod 网络之下",
  "from its own node the pod answers": "在 pod 所在节点上访问它有应答",
  "Check the uplink of {node}: NIC errors (ethtool -S), cable, switch port, rate limits":
    "检查 {node} 的上行链路：网卡错误（ethtool -S）、线缆、交换机端口、限速",
  "Check what lies between {name} and {peer}: switch ports, links, firewalls, security groups":
    "检查 {name} 与 {peer} 之间的设备：交换机端口、链路、防火墙、安全组",
  "Check the pod network: tunnel port allowed on every firewall in between, forwarding and neighbour entries of the tunnel, CNI agent log":
    "检查 pod 网络：沿途防火墙是否放行隧道端口、隧道的转发表与邻居表项、CNI agent 日志",
  "Check the link of {pod} to its node: its veth pair, its filters, network policies that select it":
    "检查 {pod} 与节点之间的链路：veth 对、过滤规则、选中它的网络策略",
  "Check the devices in between, and measure again with a capture at both ends": "检查沿途设备，并在两端抓包后再次测量",

  // rules/port-closed.ts
  "connects are refused, but not for want of a listener": "连接被拒绝，但不是因为没有监听",
  "connects were refused while nothing was to serve them": "连接被拒绝时，本来就没有程序应当提供服务",
  "no connect was answered": "连接没有应答",
  "{leg} connects": "{leg} 可以连接",
  "port {port} of {target} refuses: {refusals} of {connects} from {places}":
    "{target} 的 {port} 端口拒绝连接：从 {places}发起的 {connects}中有 {refusals} 次",
  "port {port} of {target} refuses: {refusals} of {connects} from {places}, answered within {took}":
    "{target} 的 {port} 端口拒绝连接：从 {places}发起的 {connects}中有 {refusals} 次，{took} 内即应答",
  "{count} place": "{count} 处",
  "{count} places": "{count} 处",
  "the sockets of {target} could not be read, so something on the way may refuse in its name":
    "无法读取 {target} 的 socket，也可能是沿途设备代它拒绝",
  "Look at why the program of {target} does not listen on {port}: its log, its configuration, the port it was told to use":
    "查明 {target} 的程序为何没有监听 {port}：查看日志、配置、指定的端口",
  "{target} listens on {address} only, which nobody else can reach": "{target} 只监听 {address}，其他位置无法访问",
  "it listens on no port at all": "它没有监听任何端口",
  "it listens on {ports}": "它监听的端口为 {ports}",
  "for part of the time nothing listened on {port} in the network of {target}; {instead}":
    "{target} 的网络中有一段时间没有程序监听 {port}；{instead}",
  "nothing listens on {port} in the network of {target}; {instead}": "{target} 的网络中没有程序监听 {port}；{instead}",

  // rules/port-filtered.ts
  "no connect was answered, and more than one port is concerned": "连接没有应答，而且不止一个端口受影响",
  "SYNs of {leg} are answered": "{leg} 的 SYN 有应答",
  "SYNs to port {port} of {target} are refused by ICMP errors: {bad} of {of} from {places}":
    "发往 {target} 的 {port} 端口的 SYN 被 ICMP 错误拒绝：从 {places} 发起的 {of}中有 {bad} 次",
  "SYNs to port {port} of {target} get no answer: {bad} of {of} from {places}":
    "发往 {target} 的 {port} 端口的 SYN 没有应答：从 {places} 发起的 {of}中有 {bad} 次",
  "{target} answers echoes on {count} of {legs}": "{target} 在 {legs}中的 {count} 条上应答 ping",
  "a socket listens on {port} in the network of {target}, so the SYNs do not reach it":
    "{target} 的网络中有程序监听 {port}，说明 SYN 没有到达",
  "no socket listens on {port} all the time, and yet nothing refuses": "{port} 并非始终有程序监听，却也没有被拒绝",
  "no rule that could do it is visible on the nodes or in the pod": "节点和 pod 中都看不到能造成它的规则",
  "Remove or narrow the rule in {target}, and find out what put it there":
    "删除或收窄 {target} 中的这条规则，并查明由谁添加",
  "Look for a network policy or an eBPF filter that covers port {port} of {target}":
    "查找覆盖 {target} 的 {port} 端口的网络策略或 eBPF 过滤",
  "even {places} on the same node get no answer: they vanish at {target} itself":
    "同一节点上的 {places} 也没有应答：SYN 在 {target} 本身消失",
  "from its own node the port answers: they vanish on the way into {node}":
    "在它所在节点上该端口有应答：SYN 在进入 {node} 的途中消失",
  "{places} on other nodes are answered: they vanish on the way from {silent}":
    "其他节点上的 {places} 有应答：SYN 在从 {silent} 出发的途中消失",
  "no connect from its own node was measured, so where they vanish is not known more closely":
    "没有测量它所在节点发起的连接，无法更精确地知道 SYN 在哪里消失",

  // rules/route-missing.ts
  "packets for {target} circle between nodes by their routes: {way}":
    "按路由表，发往 {target} 的包在节点之间打转：{way}",
  "{count} of them came back as expired (time to live exceeded) from {boxes}":
    "其中 {count} 个因 TTL 耗尽被 {boxes} 退回",
  "Correct the routes to the pods of {node} on {places}: compare them with a node that works":
    "修正 {places} 上通往 {node} 的 pod 的路由：与正常的节点对比",
  "Find out what wrote them: a routing daemon, a script, or two agents that disagree":
    "查明是什么写入的：路由守护进程、脚本，或两个互相矛盾的代理",
  "no routing table of the path was read": "没有读到路径上的路由表",
  "the routing tables of {places} lead to both ends": "{places} 的路由表都能到达两端",
  "it had a route until about {at}: {route}": "大约在 {at} 之前它还有路由：{route}",
  "{legs} that needs it is broken: {list}": "依赖该路由的 {legs}不通：{list}",
  "{legs} that need it are broken: {list}": "依赖该路由的 {legs}不通：{list}",
  "{dropped} dropped at {place} for want of a route (IpOutNoRoutes, IpExtInNoRoutes)":
    "{place} 因缺少路由丢弃 {dropped}（IpOutNoRoutes、IpExtInNoRoutes）",
  "{leg} passes": "{leg} 正常通过",
  "Restore the route to the pods of {node} on {place}: restart the CNI agent there and look at its log":
    "在 {place} 上恢复通往 {node} 的 pod 的路由：重启该处的 CNI agent 并查看日志",
  "Find out what removed it: a network manager, a script, or the agent itself":
    "查明是什么删除了它：网络管理程序、脚本或 agent 本身",
  "{place} has a route that refuses packets to {target}: {route}": "{place} 有一条拒绝发往 {target} 的路由：{route}",
  "{place} has no route at all to {target}": "{place} 完全没有通往 {target} 的路由",
  "{place} has no route of its own to {target} and uses its default route ({route}), although it has routes to the pods of other nodes":
    "{place} 没有通往 {target} 的专用路由，走了默认路由（{route}），但它有通往其他节点的 pod 的路由",
  "{place} has no route of its own to {target} and uses its default route ({route}), although {peer} has a route for the way back":
    "{place} 没有通往 {target} 的专用路由，走了默认路由（{route}），但 {peer} 有返回方向的路由",

  // rules/target-not-running.ts
  "neither end is a pod": "两端都不是 pod",
  "the state of {pods} was not read": "没有读到 {pods} 的状态",
  "{pod} did not run for part of the check; {failed} of {connects} to it failed meanwhile":
    "{pod} 在检查的部分时间内没有运行；其间到它的 {connects}中有 {failed} 个失败",
  "{failed} of {connects} to {service} failed while {pod} went, {rest} of {others} at other times":
    "{pod} 退出期间，到 {service} 的 {connects}中有 {failed} 个失败，其他时间 {others}中有 {rest} 个失败",
  "{pods} ran all the time, without a restart": "{pods} 一直在运行，没有重启",
  "{count} of {legs} to and from it answer": "进出它的 {legs}中有 {count} 条应答",
  "Find out why {pod} ended (events, previous log, exit code) before looking at the network":
    "先查明 {pod} 为何结束（事件、上一次的日志、退出码），再查网络",
  "{pod} is no longer listed by the cluster": "集群中已经没有 {pod}",
  "{pod} is in phase {phase}": "{pod} 处于 {phase} 阶段",
  "{pod} is being deleted since {at}": "{pod} 自 {at} 起正在被删除",
  "{pod} was replaced by a new pod of the same name during the check": "检查期间 {pod} 被同名的新 pod 替换",
  "{pod} has no address": "{pod} 没有地址",
  "{pod}: container {containers}": "{pod}：容器 {containers}",
  "{pod} restarted {times} during the check": "检查期间 {pod} 重启 {times}",

  // udp-buffer-overflow.ts
  "the counters of no asked pod could be read": "没有一个所查 Pod 的计数器可读",
  "no UDP datagram was dropped at a full buffer in {pods}, or hardly any":
    "{pods} 没有（或几乎没有）因缓冲区满而丢弃 UDP 数据报",
  "the kernel of {pod} dropped {dropped} of {came} that came by UDP, because a socket's buffer was full":
    "{pod} 的内核因套接字缓冲区满，丢弃了收到的 {came}中的 {dropped} 个",
  "that is {share}, in {steps} of {all} readings": "即 {share}，出现在 {all} 次读取中的 {steps} 次",
  "Let the program of {pod} read its UDP socket faster: more workers, no blocking work between two reads":
    "让 {pod} 的程序更快地读取 UDP 套接字：更多工作线程，两次读取之间不做阻塞操作",
  "Give the socket a larger buffer (SO_RCVBUF, net.core.rmem_max) if the datagrams come in bursts":
    "如果数据报是突发到来的，加大套接字缓冲区（SO_RCVBUF、net.core.rmem_max）",

  // units.ts
  "95 % interval {range}": "95 % 置信区间 {range}",

  // verdict-text.ts
  certain: "确定",
  likely: "很可能",
  possible: "有可能",
  "{verdict} The check was cancelled {how}.": "{verdict}检查被取消（{how}）。",
  "{title} at {place} ({confidence}): {because}.": "{title}，位置 {place}（{confidence}）：{because}。",
  "{title} at {place} ({confidence}): {because}; {others} found.":
    "{title}，位置 {place}（{confidence}）：{because}；还发现{others}。",
  "{count} further cause": "另外 {count} 个原因",
  "{count} further causes": "另外 {count} 个原因",
  "no measurement could be started": "没有任何测量能够启动",
  "Nothing was measured between {from} → {to}: {why}.": "{from} → {to} 没有测到任何数据：{why}。",
  "No fault seen between {from} → {to} in what could be measured: {coverage}":
    "在能够测量的范围内，{from} → {to} 没有发现故障：{coverage}",
  "Loss or delay confirmed between {from} → {to} at {place}; the cause could not be determined.":
    "{from} → {to} 确认存在丢包或延迟，位置 {place}；原因未能确定。",
  "Loss or delay confirmed between {from} → {to}; the cause could not be determined.":
    "{from} → {to} 确认存在丢包或延迟；原因未能确定。",
  "No fault between {from} → {to}: {numbers}.": "{from} → {to} 没有故障：{numbers}。",
  "Nothing was measured: cancelled {how}.": "没有测到任何数据：已取消（{how}）。",
  "Nothing was measured: {why}.": "没有测到任何数据：{why}。",
  "{lost} of {sent} lost in {span} on {legs}, round trip p50 {p50}, p99 {p99}":
    "{span} 内 {legs}上 {sent}丢失 {lost} 个，往返时间 p50 {p50}，p99 {p99}",
  "{lost} of {sent} lost in {span} on {legs}": "{span} 内 {legs}上 {sent}丢失 {lost} 个",
  "{count} application probe": "{count} 次应用探测",
  "{count} application probes": "{count} 次应用探测",
  "{count} request": "{count} 个请求",
  "{count} requests": "{count} 个请求",
  "{count} answer": "{count} 个响应",
  "{count} answers": "{count} 个响应",
  "{count} reset": "{count} 个 RST",
  "{count} resets": "{count} 个 RST",

  // http-error.ts
  "nothing is written to a port that does not plainly speak HTTP or TLS: only its connects were timed":
    "不向没有明确使用 HTTP 的端口写入任何内容：只测量了连接耗时",
  "no program behind an asked port answered HTTP requests": "所查端口背后没有程序回应 HTTP 请求",
  "answers to the check's requests: {statuses}": "对检测请求的响应：{statuses}",
  "port {port} of {pod} answers requests of {from} with server errors: {statuses} of {answers} ({share})":
    "{pod} 的 {port} 端口对来自 {from} 的请求返回服务端错误：{answers}中有 {statuses}（{share}）",
  "connections are made and requests delivered: it is the application, not the network":
    "连接能建立，请求也已送达：问题在应用，不在网络",
  "inside the network of {pod} itself it answers the same": "在 {pod} 自己的网络命名空间内请求，响应相同",
  "inside the network of {pod} the program answers without errors: a proxy in front of it says this":
    "在 {pod} 自己的网络命名空间内请求并无错误：错误来自它前面的代理",
  "Read the log of {pod} at the time of the check; the network needs no change":
    "查看 {pod} 在检测时段的日志；网络无需改动",

  // reading-gaps.ts
  "{pods} has no process on {node} since {time}: nothing more could be read there":
    "{pods} 自 {time} 起在 {node} 上没有进程：那里无法再读取",
  "{tools}: not installed on {node}": "{tools}：{node} 上没有安装",
  "{tools}: cannot be executed on {node}": "{tools}：在 {node} 上无法执行",
  "{tools}: no answer in time on {node}, in {failed} of {of} readings ({places})":
    "{tools}：在 {node} 上 {of} 次读取中有 {failed} 次没有按时返回（{places}）",
  "{tools}: what it prints on {node} is too long and was cut ({places})":
    "{tools}：在 {node} 上的输出太长，被截断（{places}）",
  "{tools}: what it prints on {node} makes no sense, of another version or damaged ({places})":
    "{tools}：在 {node} 上的输出无法理解，版本不同或已损坏（{places}）",

  // reset-by-middle.ts
  "whether the target itself sends the resets could not be measured": "无法测得 RST 是否由目标自己发出",
  "no connection was reset by anything but its target": "没有连接被目标以外的设备重置",
  "{pod} does not send them: its kernel sent {sent} during the check, and {connections} inside its own network lived":
    "RST 不是 {pod} 发出的：检测期间它的内核发出 {sent}，而它自己网络命名空间内的 {connections}全部正常",
  "connections from {neighbour}, on the same node, are reset too: it happens on {node} or at the pod's door":
    "从同一节点上的 {neighbour} 发起的连接同样被重置：问题在 {node} 上或 Pod 入口处",
  "connections from {neighbours}, on the same node, live: it happens to what comes from elsewhere":
    "从同一节点上的 {neighbours} 发起的连接正常：只有来自别处的连接被重置",
  "Look for what answers in the name of {pod}: packet filters with a reset, firewalls, load balancers and proxies on the way":
    "查找谁在冒充 {pod} 应答：带 reset 动作的包过滤规则、沿途的防火墙、负载均衡和代理",

  // reset-by-peer.ts
  "connections are reset, but not by the target": "连接被重置，但并非目标所为",
  "no connection was accepted": "没有连接被接受",
  "{resets} of {connections} were reset after the handshake": "{connections}中有 {resets} 个在握手后被重置",
  "{resets} of {connections} from {from} to port {port} of {pod} are reset within {wait} of the handshake ({share})":
    "从 {from} 到 {pod} 的 {port} 端口，{connections}中有 {resets} 个（{share}）在握手后 {wait} 内被重置",
  "it is not the network: inside the network of {pod} itself {resets} of {connections} are reset as well":
    "不是网络问题：在 {pod} 自己的网络命名空间内，{connections}中同样有 {resets} 个被重置",
  "the kernel of {pod} sent {sent} during the check (TcpOutRsts, without refusals to the check itself)":
    "检测期间 {pod} 的内核发出了 {sent}（TcpOutRsts，不含对检测本身的拒绝）",
  "whether {pod} itself sends the resets could not be measured": "无法测得 RST 是否由 {pod} 自己发出",
  "Look at why the program of {pod} drops connections that it has accepted: its log, its limits on connections, time-outs and clients it allows":
    "检查 {pod} 的程序为何丢弃已接受的连接：日志、连接数上限、超时设置以及允许的客户端",

  // server-slow.ts
  "port {port} of {pod} answers requests within {p50} (p50), {p99} (p99)":
    "{pod} 的 {port} 端口响应请求用时 {p50}（p50）、{p99}（p99）",
  "it is not the network: inside the network of {pod} itself, with no network between, the first byte takes {wait}":
    "不是网络问题：在 {pod} 自己的网络命名空间内请求（中间没有网络），首字节用时 {wait}",
  "nothing could be asked inside the network of {pod}": "无法在 {pod} 的网络命名空间内发起请求",
  "Look at what {pod} waits for while it answers: its log, its database and other services it calls, its CPU limit; the network needs no change":
    "检查 {pod} 处理请求时在等什么：日志、它调用的数据库和其他服务、CPU 限额；网络无需改动",
  "port {port} of {pod} accepts connections of {from} within {connect}, but the first byte of the answer takes {wait}: {slow} of {of} ({share}) wait {limit} or longer":
    "{pod} 的 {port} 端口在 {connect} 内接受来自 {from} 的连接，但响应首字节用时 {wait}：{of}中有 {slow} 个（{share}）等待了 {limit} 或更久",
  "{p50} (p50), {p99} (p99) over {requests}": "{p50}（p50）、{p99}（p99），共 {requests}",
  "{p50} (p50), {p99} (p99) over {requests}, of which {unanswered} got no answer at all in that time":
    "{p50}（p50）、{p99}（p99），共 {requests}，其中 {unanswered} 个在此时间内完全没有响应",
  "the transport is clean: of {requests} from {from} no segment had to be sent again":
    "传输正常：从 {from} 发出的 {requests}没有任何报文段重传",

  // optics-degraded.ts
  "no transceiver of the path measures light, or none can be asked": "路径上没有可测量光功率的光模块，或无法查询",
  "optics of the path read normal: {modules}": "路径上的光功率正常：{modules}",
  "{place} {power}": "{place} {power}",
  "the transceiver of {node} ({device}): {power}": "{node} 的光模块（{device}）：{power}",
  "it raises alarms: {flags}": "其告警标志：{flags}",
  "received power fell by {db} dB during the check": "检查期间接收光功率下降了 {db} dB",
  "its temperature is {celsius} °C": "其温度为 {celsius} °C",
  "Clean and reseat the fibre of {node} ({device}) at both ends, then replace fibre and transceivers one by one":
    "清洁并重新插接 {node}（{device}）光纤两端，再逐一更换光纤和光模块",
  "Compare with what the switch port at the other end receives and sends: too little light sent there is too little here":
    "与对端交换机端口的收发光功率对比：对端发光不足会表现为本端收光不足",
  // sidecar-not-ready.ts
  "no pod at the ends of the path has a sidecar": "路径两端的 Pod 都没有 sidecar",
  "the sidecar {name} of {pod} is {state}, and what passes it works":
    "{pod} 的 sidecar {name} 状态为 {state}，经过它的流量正常",
  "running but not ready": "运行中但未就绪",
  "the sidecar {name} of {pod} is {state}; it was started again {restarts} in all":
    "{pod} 的 sidecar {name} 状态为 {state}；累计重启 {restarts}",
  "its last run ended with {end}": "它上一次运行以 {end} 结束",
  "connections that have to pass it fail: {refused} of {connects} were refused on {legs}":
    "必须经过它的连接失败：在 {legs}上，{connects}中有 {refused} 次被拒绝",
  "Look at why {name} of {pod} does not become ready: its log, its configuration from the mesh's control plane, its memory and CPU limits":
    "检查 {pod} 的 {name} 为何未就绪：日志、控制面下发的配置、内存和 CPU 限额",

  // sidecar-starved.ts
  "requests that pass the sidecar are not later than those that do not": "经过 sidecar 的请求并不比绕过它的慢",
  "requests that pass the sidecar {name} of {pod} wait {p50} (p50), {p99} (p99) for the first byte, over {requests}":
    "经过 {pod} 的 sidecar {name} 的请求，等待首字节 {p50}（p50）、{p99}（p99），共 {requests}",
  "the same request inside the network of {pod}, past the sidecar, waits {p50} (p50), {p99} (p99): neither the program nor the network is slow":
    "在 {pod} 自己的网络命名空间内绕过 sidecar 发出同样的请求，等待 {p50}（p50）、{p99}（p99）：程序和网络都不慢",
  "the container {name} was throttled in {share} of its CPU periods during the check, {held} in all":
    "检测期间容器 {name} 在 {share} 的 CPU 周期内被限流，合计 {held}",
  "its CPU limit is {milli}m": "它的 CPU 限额为 {milli}m",
  "it says itself that the program took {p50} (p50) of that (x-envoy-upstream-service-time)":
    "它自己报告其中程序用时 {p50}（p50，x-envoy-upstream-service-time）",
  "it was started again {times} during the check": "检测期间它重启了 {times}",
  "its container was not throttled, as far as could be read: it may be slow for another reason":
    "就所能读取的而言，它的容器没有被限流：可能因其他原因变慢",
  "Give the sidecar {name} of {pod} more CPU (its limit, or none), and look at what it is busy with: access logs, the size of its configuration, TLS handshakes":
    "给 {pod} 的 sidecar {name} 更多 CPU（提高或取消限额），并检查它在忙什么：访问日志、配置规模、TLS 握手",

  // slow-receiver.ts
  "there were no connections between the two ends to look at": "两端之间没有可供观察的连接",
  "of up to {connections} between the two ends none lay unread or met a closed window":
    "两端之间最多有 {connections}，没有数据滞留未读，也没有遇到零窗口",
  "{pod} does not read what it is sent: {connections} with {sender} on port {port} had bytes unread for {least} or longer, up to {bytes} bytes for {most}":
    "{pod} 不读取收到的数据：与 {sender} 在 {port} 端口上的 {connections}有数据滞留未读 {least} 或更久，最多 {bytes} 字节滞留 {most}",
  "the window that {pod} offers stopped {sender} for {share} of the time in which it had something to send ({limited} of {busy}); {bytes} bytes wait to be sent":
    "{sender} 有数据要发的时间里，有 {share}（{busy} 中的 {limited}）被 {pod} 通告的接收窗口挡住；还有 {bytes} 字节等待发送",
  "it is not the network: none of the data on that connection had to be sent again":
    "不是网络问题：该连接上没有任何数据需要重传",
  "no closed window was seen at {sender}": "在 {sender} 上没有看到零窗口",
  "Look at why the program of {pod} does not read from its connections: blocked on something else, too few workers, or out of CPU; the network needs no change":
    "检查 {pod} 的程序为何不从连接读取数据：被别的事情阻塞、工作线程太少或 CPU 不足；网络无需改动",

  // qdisc-drops.ts
  "no device of the path has a queue": "路径上没有设备配置队列",
  "queues of the path ({queues}) dropped {packets}, none when the path lost any":
    "路径上的队列（{queues}）丢弃了 {packets}，但都不在路径丢包的时刻",
  "what polices arrivals at {place} ({kind}) dropped {packets} in seconds in which the path lost some":
    "{place} 的入口限速（{kind}）在路径丢包的时刻丢弃了 {packets}",
  "the queue of {place} ({kind}) dropped {packets} in seconds in which the path lost some":
    "{place} 的队列（{kind}）在路径丢包的时刻丢弃了 {packets}",
  "{legs} that pass it lost {packets}": "经过它的 {legs} 丢失了 {packets}",
  "it dropped {packets} more while the path was fine": "路径正常时它还丢弃了 {packets}",
  "Lengthen the queue of {place} or find out what fills it; look for a limit set by configuration management or by a bandwidth annotation":
    "加长 {place} 的队列或查明占满它的流量；检查是否由配置管理或带宽注解设置了限速",
  "{kind} holds a rate of {rate} by design: more than that was sent": "{kind} 按设计限速 {rate}：实际发送超过了它",
  "{kind} drops early by design to keep waiting short: the link behind it is full":
    "{kind} 按设计提前丢包以缩短排队：其后的链路已满",

  // capture-filter.ts
  "The filter is empty.": "过滤表达式为空。",
  "The filter has {count} characters; at most {most} are taken.": "过滤表达式有 {count} 个字符；最多接受 {most} 个。",
  "A filter is one line of plain characters without quotes; it has {character}.":
    "过滤表达式只能是一行普通字符，不能含引号；其中有 {character}。",
  "{word} looks like an option, which a filter cannot have.": "{word} 看起来是选项，过滤表达式中不能有选项。",
  "The brackets of the filter do not match.": "过滤表达式的括号不匹配。",
} as const satisfies Readonly<Record<string, string>>;
