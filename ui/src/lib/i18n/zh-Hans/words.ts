export const state = {
  recording: '录制中',
  completed: '已完成',
  interrupted: '已中断',
  recovered: '已恢复',
  paused: '已暂停',
  stopped: '未在录制',
  away: '无法连接',
};

export const reason = {
  disconnect: '客户端断开',
  server_crash: '录制程序意外终止',
  server_stop: '录制程序被停止',
  timeout: '30 分钟没有收到任何内容',
};

export const origin = {
  event: '来自事件',
  snapshot: '来自快照',
  editor_file: '来自编辑器文件',
};

export const role = {
  user: '你',
  assistant: '助手',
  system: '系统',
  tool: '工具',
};

export const lifecycle = {
  started: '会话开始',
  connected: '客户端已连接',
  dropped: '{{name}} 已断开',
  interrupted: '会话被中断',
  reconnected: '会话继续',
  completed: '会话已完成',
  recovered: '会话已恢复',
  recovery_at_start: '录制程序已启动',
  damage_found: '发现损坏并已隔离',
  recording_stopped: '录制已停止',
  recording_resumed: '录制恢复正常',
  paused: '录制已暂停',
  resumed: '录制已继续',
  deleted: '会话已删除',
};

export const error = {
  away: '无法连接录制程序',
  awayBody: '已录制的内容安全地保存在磁盘上。启动 Chasm Recorder 后，此页面会自动继续。',
  awayRetry: '{{seconds}} 秒后重试。已录制的内容安全地保存在磁盘上。',
  unauthorized: '此页面无权读取你的会话',
  unauthorizedBody: '请用“chasm open”或从托盘重新打开。',
  refused: '操作未成功',
  odd: '回应的不是录制程序（{{what}}）。',
  retry: '立即重试',
  screen: '页面的这一部分无法加载',
  screenBody: '可能在页面打开期间录制程序已更新。',
  reload: '重新加载页面',
};
