echo made > ~/made
