"""Two traces to an answer: policy, queries, verdict, report."""
