# A plain WEBrick server: no signal is handled. WEBrick calls shutdown(2) on its listener when it ends.
require 'webrick'

port = Integer(ARGV[0] || ENV.fetch('PORT'))
silent = WEBrick::Log.new(File::NULL)
server = WEBrick::HTTPServer.new(BindAddress: '127.0.0.1', Port: port, Logger: silent, AccessLog: [])
server.mount_proc('/') { |_, response| response.body = "#{Process.pid}\n" }
server.start
