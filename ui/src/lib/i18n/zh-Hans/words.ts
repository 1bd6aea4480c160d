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
  screenBody: '录制程序恢复应答后会自动载入；也可能在页面打开期间录制程序已更新。',
  reload: '重新加载页面',
};

export const problem = {
  disk_full: '磁盘已满。腾出空间后，录制会自动继续。',
  sync_failed: '日志无法写入。',
  database_failed: '数据库无法写入。事件在磁盘上的日志中等待。',
  stopping: '录制程序正在停止。',
  room: '剩余 {{free}}，需要 {{needed}}。',
  restart: '请重启录制程序；已确认的内容是安全的。',
  goesOn: '一旦可以写入，会自动继续。',
};
