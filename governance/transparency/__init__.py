"""What affected people and the public see: the public register, the personal page, and what people ask for."""
