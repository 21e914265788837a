// A release that runs, and never listens.
setInterval(() => {}, 1000)
