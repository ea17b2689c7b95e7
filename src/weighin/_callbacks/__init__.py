"""Weighing while a model trains: callbacks of fastai and Lightning."""
