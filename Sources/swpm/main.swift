print("swpm")
