/// What `swpm example` prints.
public enum Example {
    public static let ecosystemFile = """
        {
          // A web application: four processes on one port, replaced without a failed request by `swpm reload`.
          "apps": [
            {
              "name": "web",
              "script": "server.js",
              "instances": 4,
              "exec_mode": "cluster",
              "env": { "PORT": "3000" },
              "env_production": { "NODE_ENV": "production" }
            },
            // A worker: any program, in any language.
            {
              "name": "worker",
              "script": "worker.py",
              "args": ["--queue", "mail"],
              "kill_timeout": 5000
            }
          ]
        }
        """
}
