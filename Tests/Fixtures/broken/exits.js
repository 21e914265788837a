// A release that dies at start: what it says last must reach whoever deployed it.
console.error('loading configuration')
console.error('Error: DATABASE_URL is not set')
process.exit(3)
