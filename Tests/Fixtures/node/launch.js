// Runs a command and ends as it does: what small tools in a `start` script do to set a variable.
const { spawn } = require('child_process');
const [program, ...words] = process.argv.slice(2);
spawn(program, words, { stdio: 'inherit' }).on('exit', (code, signal) => process.exit(signal ? 1 : code));
