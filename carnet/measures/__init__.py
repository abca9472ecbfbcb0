"""Measurements that patients declare: kinds and bounds, readings and targets, what is computed from them, and growth references."""
