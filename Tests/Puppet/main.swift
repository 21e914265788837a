import Linux

// A process that does as told: `puppet --ready-after 200ms --serve 3000 --exit-after 1s --code 3`. See Orders.swift.

var orders = Orders(parsing: ThisProcess.arguments())
act(on: &orders)
