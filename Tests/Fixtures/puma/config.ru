# A Rack application: `puma --bind tcp://127.0.0.1:PORT config.ru`.
run lambda { |environment|
  environment['rack.input'].read
  sleep 0.3 if environment['PATH_INFO'] == '/slow'
  [200, { 'content-type' => 'text/plain' }, ["#{Process.pid}\n"]]
}
