import type { Report } from "#src/core/report.ts";
import type { Confidence } from "#src/core/rule.ts";

/** Labels of the form that an empty command opens; titles have at most 24 characters. */
export type FormWords = {
  readonly title: string;
  readonly submit: string;
  readonly close: string;
  readonly from: string;
  readonly fromHint: string;
  readonly to: string;
  readonly toHint: string;
  readonly duration: string;
  readonly durationHint: string;
};

/** Everything netcheck says in its own voice. Sentences of rules and names from clusters are data and come as they are. */
export type Wording = {
  readonly status: Readonly<Record<Report["status"], string>>;
  readonly confidence: Readonly<Record<Confidence, string>>;
  readonly queued: (check: string, position: number) => string;
  readonly queuedTwice: (check: string) => string;
  readonly threadWillOpen: string;
  readonly namesUnchecked: (cluster: string) => string;
  readonly checking: string;
  readonly starting: string;
  readonly finishing: string;
  readonly ofTotal: (elapsed: string, total: string) => string;
  readonly lossSoFar: (percent: string) => string;
  readonly slowest: (ms: string) => string;
  readonly updatesEvery: (interval: string) => string;
  readonly startedAt: (clock: string) => string;
  readonly startedBy: (user: string) => string;
  readonly cancel: string;
  readonly cancelTitle: string;
  readonly cancelText: string;
  readonly cancelNo: string;
  readonly runAgain: string;
  readonly because: string;
  readonly against: string;
  readonly confirm: string;
  readonly doNext: string;
  readonly explains: string;
  readonly loss: string;
  readonly latency: string;
  readonly path: string;
  readonly window: string;
  readonly coverage: string;
  readonly tcp: string;
  readonly probes: (count: string) => string;
  readonly lostOf: (lost: string, sent: string, percent: string) => string;
  readonly noAnswer: string;
  readonly notMeasured: string;
  readonly fromTo: (from: string, to: string) => string;
  readonly trendTitle: (bucket: string) => string;
  readonly lossTitle: (bucket: string) => string;
  readonly cancelledBy: (who: string | undefined) => string;
  readonly stopped: string;
  readonly partialResult: string;
  readonly firstFinding: (clock: string) => string;
  readonly firstFindingNote: string;
  readonly causes: (count: number) => string;
  readonly sure: (confidence: string) => string;
  readonly moreCauses: (count: number) => string;
  readonly right: string;
  readonly wrong: string;
  readonly thanks: string;
  readonly checklist: (counts: { found: number; unknown: number; gaps: number; cleared: number }) => string;
  readonly checkColumn: string;
  readonly resultColumn: string;
  readonly detailColumn: string;
  readonly found: string;
  readonly unknown: string;
  readonly gap: string;
  readonly clear: string;
  readonly more: (count: number) => string;
  readonly details: string;
  readonly plan: string;
  readonly measured: string;
  readonly thresholds: string;
  readonly ranBy: (who: string, span: string, probes: string) => string;
  readonly ranByTerminal: (span: string, probes: string) => string;
  readonly noCapture: string;
  readonly captures: (count: number, bytes: string) => string;
  readonly gapsNote: (count: number) => string;
  readonly nothingStarted: string;
  readonly understood: string;
  readonly nearest: string;
  readonly nothingRunning: string;
  readonly running: (count: number) => string;
  readonly alreadyEnded: (check: string) => string;
  readonly cancelling: (check: string) => string;
  readonly unknownCheck: (check: string) => string;
  readonly unavailable: string;
  readonly notAllowed: string;
  readonly external: string;
  readonly inviteMe: (bot: string) => string;
  readonly sharedChannel: string;
  readonly unverified: string;
  readonly staleControl: string;
  readonly form: FormWords;
  readonly internal: (id: string) => string;
  readonly helpTitle: string;
  readonly helpMore: (command: string) => string;
  readonly state: Readonly<Record<string, string>>;
  readonly lost: string;
};

const en: Wording = {
  status: { healthy: "Healthy", degraded: "Degraded", broken: "Broken", partial: "Partial", failed: "Failed" },
  confidence: { certain: "certain", likely: "likely", possible: "possible" },
  queued: (check, position) => `Queued ${check}, position ${position}.`,
  queuedTwice: (check) => `${check} was already started by this command; nothing was started twice.`,
  threadWillOpen: "The thread opens in this channel.",
  namesUnchecked: (cluster) =>
    `No worker of cluster ${cluster} has reported its names yet, so these could not be compared; the check begins when a worker comes.`,
  checking: "Checking",
  starting: "Starting",
  finishing: "Finishing",
  ofTotal: (elapsed, total) => `${elapsed} of ${total}`,
  lossSoFar: (percent) => `loss ${percent} so far`,
  slowest: (ms) => `slowest ${ms}`,
  updatesEvery: (interval) => `updates every ${interval}`,
  startedAt: (clock) => `started ${clock}`,
  startedBy: (user) => `by ${user}`,
  cancel: "Cancel",
  cancelTitle: "Cancel this check?",
  cancelText: "Measuring stops on all nodes. What was measured until then is kept and shown as partial.",
  cancelNo: "Keep Running",
  runAgain: "Run Again",
  because: "Because",
  against: "Against it",
  confirm: "To confirm",
  doNext: "Do next",
  explains: "This also explains",
  loss: "Loss",
  latency: "Latency",
  path: "Path",
  window: "Window",
  coverage: "Coverage",
  tcp: "TCP",
  probes: (count) => `${count} probes`,
  lostOf: (lost, sent, percent) => `${percent} (${lost} of ${sent} lost)`,
  noAnswer: "no answer",
  notMeasured: "not measured",
  fromTo: (from, to) => `${from} to ${to}`,
  trendTitle: (bucket) => `p99 per ${bucket} (ms)`,
  lossTitle: (bucket) => `Lost pings per ${bucket}`,
  cancelledBy: (who) => (who === undefined ? "Cancelled" : `Cancelled by ${who}`),
  stopped: "Stopped",
  partialResult: "Partial result: what was measured until then.",
  firstFinding: (clock) => `First finding, ${clock}`,
  firstFindingNote: "Measuring goes on; the cause follows when the window has ended.",
  causes: (count) => (count === 1 ? "Suspected cause" : `Suspected causes, most important first`),
  sure: (confidence) => `confidence: ${confidence}`,
  moreCauses: (count) => `${count} weaker ${count === 1 ? "suspicion is" : "suspicions are"} in the check list below.`,
  right: "Right Cause",
  wrong: "Wrong Cause",
  thanks: "Thank you. Your answer stands in the log with this check.",
  checklist: ({ found, unknown, gaps, cleared }) =>
    `Check list: ${found} found, ${unknown} undecided, ${gaps} not measured, ${cleared} ruled out`,
  checkColumn: "Check",
  resultColumn: "Result",
  detailColumn: "Detail",
  found: "Found",
  unknown: "Undecided",
  gap: "Not measured",
  clear: "Ruled out",
  more: (count) => `and ${count} more`,
  details: "Details: plan, measurements, coverage",
  plan: "Plan",
  measured: "Measured",
  thresholds: "Confidence",
  ranBy: (who, span, probes) => `Ran for ${who}: ${span}, ${probes} probes.`,
  ranByTerminal: (span, probes) => `Ran from a terminal: ${span}, ${probes} probes.`,
  noCapture: "No packets were captured.",
  captures: (count, bytes) => `${count} ${count === 1 ? "capture" : "captures"}, ${bytes}.`,
  gapsNote: (count) => `${count} ${count === 1 ? "thing" : "things"} could not be measured; the check list names each.`,
  nothingStarted: "Nothing was started.",
  understood: "Understood",
  nearest: "Nearest",
  nothingRunning: "No check is running.",
  running: (count) => (count === 1 ? "1 check is running" : `${count} checks are running`),
  alreadyEnded: (check) => `${check} has already ended; nothing was changed.`,
  cancelling: (check) => `${check} is being cancelled. What was measured is shown in its thread.`,
  unknownCheck: (check) => `There is no check ${check}.`,
  unavailable: "The queue is unavailable: nothing was started. Try again in a minute.",
  notAllowed: "You are not on the list of people who may run netcheck here. Nothing was started.",
  external: "netcheck answers people of its own workspace only. Ask a colleague there to run the check.",
  inviteMe: (bot) =>
    `I am not in this channel, so nothing was started. Invite me with \`/invite ${bot}\`, then run the command again.`,
  sharedChannel:
    "This channel is shared with another organisation, which would read names and addresses of the cluster. Nothing was started; use an internal channel.",
  unverified: "Slack did not say who you are, so nothing was started. Try again in a minute.",
  staleControl: "This control belongs to an older message and does nothing any more.",
  form: {
    title: "Check the Network",
    submit: "Start",
    close: "Close",
    from: "From",
    fromHint: "pod, ns/pod, deploy/ns/x, svc/ns/x, node/x or an address; :port and @cluster may follow",
    to: "To",
    toHint: "the same, or a host name",
    duration: "Duration",
    durationHint: "30s, 10m, 2h or 1h30m; 1 min when left empty",
  },
  internal: (id) => `Internal error, quote ${id}. Nothing was started.`,
  helpTitle:
    "netcheck measures the network between two points of a cluster and says what is wrong, where, and how sure it is.",
  helpMore: (command) => `More about one word: \`${command} help check\``,
  state: {
    queued: "queued",
    running: "running",
    done: "done",
    failed: "failed",
    cancelled: "cancelled",
    cancelling: "being cancelled",
  },
  lost: "lost",
};

const zh: Wording = {
  status: { healthy: "正常", degraded: "质量下降", broken: "中断", partial: "结果不完整", failed: "检查失败" },
  confidence: { certain: "确定", likely: "很可能", possible: "有可能" },
  queued: (check, position) => `已排队 ${check}，第 ${position} 位。`,
  queuedTwice: (check) => `这条命令已经启动了 ${check}，不会重复启动。`,
  threadWillOpen: "结果会发在本频道的消息列里。",
  namesUnchecked: (cluster) => `集群 ${cluster} 还没有 worker 上报名称，暂时无法核对；worker 上线后检查才会开始。`,
  checking: "检查中",
  starting: "启动中",
  finishing: "收尾中",
  ofTotal: (elapsed, total) => `${elapsed} / ${total}`,
  lossSoFar: (percent) => `目前丢包 ${percent}`,
  slowest: (ms) => `最慢 ${ms}`,
  updatesEvery: (interval) => `每 ${interval} 更新一次`,
  startedAt: (clock) => `${clock} 开始`,
  startedBy: (user) => `发起人 ${user}`,
  cancel: "取消",
  cancelTitle: "取消这次检查？",
  cancelText: "所有节点会停止测量，已测到的数据会保留，并标为不完整。",
  cancelNo: "继续检查",
  runAgain: "再次检查",
  because: "依据",
  against: "反面证据",
  confirm: "确认方法",
  doNext: "下一步",
  explains: "同时解释了",
  loss: "丢包",
  latency: "延迟",
  path: "路径",
  window: "时间段",
  coverage: "覆盖率",
  tcp: "TCP",
  probes: (count) => `${count} 次探测`,
  lostOf: (lost, sent, percent) => `${percent}（${sent} 次中丢失 ${lost} 次）`,
  noAnswer: "没有应答",
  notMeasured: "未测量",
  fromTo: (from, to) => `${from} 至 ${to}`,
  trendTitle: (bucket) => `每 ${bucket} 的 p99（ms）`,
  lossTitle: (bucket) => `每 ${bucket} 丢失的 ping`,
  cancelledBy: (who) => (who === undefined ? "已取消" : `已由 ${who} 取消`),
  stopped: "已停止",
  partialResult: "结果不完整：只包含停止前测到的数据。",
  firstFinding: (clock) => `首个异常，${clock}`,
  firstFindingNote: "测量仍在继续，时间段结束后给出原因。",
  causes: (count) => (count === 1 ? "怀疑的原因" : "怀疑的原因，按重要性排列"),
  sure: (confidence) => `把握：${confidence}`,
  moreCauses: (count) => `另有 ${count} 个较弱的怀疑，见下面的检查清单。`,
  right: "原因正确",
  wrong: "原因不对",
  thanks: "谢谢，反馈已写入这次检查的日志。",
  checklist: ({ found, unknown, gaps, cleared }) =>
    `检查清单：发现 ${found} 项，未定 ${unknown} 项，未测 ${gaps} 项，排除 ${cleared} 项`,
  checkColumn: "检查项",
  resultColumn: "结果",
  detailColumn: "说明",
  found: "发现",
  unknown: "未定",
  gap: "未测量",
  clear: "已排除",
  more: (count) => `另有 ${count} 项`,
  details: "详情：计划、测量、覆盖率",
  plan: "计划",
  measured: "测量",
  thresholds: "把握的含义",
  ranBy: (who, span, probes) => `由 ${who} 发起：${span}，${probes} 次探测。`,
  ranByTerminal: (span, probes) => `从终端发起：${span}，${probes} 次探测。`,
  noCapture: "没有抓包。",
  captures: (count, bytes) => `抓包 ${count} 个，${bytes}。`,
  gapsNote: (count) => `有 ${count} 项无法测量，见检查清单。`,
  nothingStarted: "没有启动任何检查。",
  understood: "已理解",
  nearest: "最接近的写法",
  nothingRunning: "当前没有正在运行的检查。",
  running: (count) => `${count} 个检查正在运行`,
  alreadyEnded: (check) => `${check} 已经结束，没有任何改动。`,
  cancelling: (check) => `正在取消 ${check}，已测到的数据会显示在它的消息列里。`,
  unknownCheck: (check) => `没有检查 ${check}。`,
  unavailable: "队列不可用，没有启动任何检查，请稍后再试。",
  notAllowed: "你不在可以在此运行 netcheck 的名单中，没有启动任何检查。",
  external: "netcheck 只回应本工作区的成员，请让该工作区的同事运行检查。",
  inviteMe: (bot) => `我不在这个频道里，没有启动任何检查。请先 \`/invite ${bot}\`，再运行命令。`,
  sharedChannel: "这个频道与其他组织共享，对方会看到集群的名称和地址。没有启动任何检查，请使用内部频道。",
  unverified: "Slack 没有确认你的身份，没有启动任何检查，请稍后再试。",
  staleControl: "这个按钮属于旧消息，已经失效。",
  form: {
    title: "网络检查",
    submit: "开始",
    close: "关闭",
    from: "起点",
    fromHint: "pod、ns/pod、deploy/ns/x、svc/ns/x、node/x 或地址，后面可加 :端口 和 @集群",
    to: "终点",
    toHint: "同上，也可以是主机名",
    duration: "时长",
    durationHint: "30s、10m、2h 或 1h30m，留空为 1 分钟",
  },
  internal: (id) => `内部错误，请提供编号 ${id}。没有启动任何检查。`,
  helpTitle: "netcheck 测量集群中两点之间的网络，说明哪里有问题、问题是什么、把握有多大。",
  helpMore: (command) => `某个词的更多说明：\`${command} help check\``,
  state: {
    queued: "排队中",
    running: "运行中",
    done: "已完成",
    failed: "失败",
    cancelled: "已取消",
    cancelling: "取消中",
  },
  lost: "丢失",
};

export type Language = "en" | "zh";
export const wordings: Readonly<Record<Language, Wording>> = { en, zh };
